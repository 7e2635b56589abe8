// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// One turn of a conversation.
public struct ChatMessage: Sendable, Codable, Equatable {
    public enum Role: String, Sendable, Codable { case system, user, assistant }
    public var role: Role
    public var content: String

    public init(_ role: Role, _ content: String) {
        self.role = role
        self.content = content
    }
}

/// What an engine reports of one answer.
public struct AnswerTimings: Sendable, Codable, Equatable {
    public var promptTokens: Int
    public var promptTokensPerSecond: Double
    public var tokens: Int
    public var tokensPerSecond: Double

    enum CodingKeys: String, CodingKey {
        case promptTokens = "prompt_n"
        case promptTokensPerSecond = "prompt_per_second"
        case tokens = "predicted_n"
        case tokensPerSecond = "predicted_per_second"
    }
}

/// A piece of an answer as it is written.
public enum AnswerPart: Sendable, Codable, Equatable {
    case text(String)
    /// Thoughts that some models write before they answer.
    case reasoning(String)
    /// Why it ended: “stop” or “length”.
    case finished(reason: String)
    case timings(AnswerTimings)
}

/// Cuts a byte stream into the `data:` payloads of server-sent events, wherever the chunks happen to break.
public struct ServerSentEvents: Sendable {
    /// One event is a token or two; whoever sends more without a line break is broken.
    public static let longestLine = 4 << 20

    private var line: [UInt8] = []

    public init() {}

    /// - Returns: the payloads completed by these bytes.
    /// - Throws: `Failure.badReply` when a line never ends.
    public mutating func consume(_ bytes: some Sequence<UInt8>) throws -> [[UInt8]] {
        var payloads: [[UInt8]] = []
        for byte in bytes {
            guard byte == 0x0a else {
                line.append(byte)
                if line.count > Self.longestLine { throw Failure.badReply(host: "the engine", "a line without end") }
                continue
            }
            if line.last == 0x0d { line.removeLast() }
            if line.starts(with: Array("data:".utf8)) {
                let payload = line.dropFirst(5).drop { $0 == 0x20 }
                payloads.append(Array(payload))
            }
            line.removeAll(keepingCapacity: true)
        }
        return payloads
    }
}
