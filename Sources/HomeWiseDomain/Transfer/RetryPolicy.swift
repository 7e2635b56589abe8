// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// How patient a transfer is, as data. A failure after progress begins a new budget: a line that drops every minute
/// still gets there.
public struct RetryPolicy: Sendable, Equatable {
    /// Failures in a row, without a byte of progress, before giving up.
    public var attempts = 5
    public var firstDelay = Duration.milliseconds(500)
    public var longestDelay = Duration.seconds(30)
    /// No byte for this long is a stall: the connection is dropped and the piece asked for again.
    public var stallAfter = Duration.seconds(30)
    /// A host that does not answer a connection within this time is skipped for a while.
    public var connectWithin = Duration.seconds(4)
    /// Within this a host that serves bytes must have begun to answer.
    public var answerWithin = Duration.seconds(30)
    /// And within this one that is only asked what it has, the look-up of its name included.
    public var resolveWithin = Duration.seconds(10)

    /// A line that is gone is waited for this long by a transfer that had already begun: routers start anew, nights pass.
    public var outage = Duration.seconds(12 * 3600)
    /// And a server that had served and now answers with faults, for this long.
    public var serverTrouble = Duration.seconds(600)

    public init() {}

    /// With more patience for connections that are kept slow on purpose: what they may not take yet is no stall.
    public func allowing(_ limits: TransferLimits) -> RetryPolicy {
        guard let rate = limits.bytesPerSecond else { return self }
        var policy = self
        let pause = Duration.seconds(TransferLimits.readAhead / rate)
        policy.stallAfter = max(stallAfter, pause)
        policy.answerWithin = max(answerWithin, pause)
        return policy
    }

    /// - Parameters:
    ///   - failures: failures in a row, this one included; at least 1.
    ///   - jitter: 0 to 1; spreads retries of many clients.
    ///   - patience: goes on as long as this even where the attempts are used up.
    ///   - troubleFor: seconds since the first of these failures.
    /// - Returns: seconds to wait before the next try; `nil` when the budget is used up.
    public func delay(afterFailure failures: Int, jitter: Double, patience: Duration? = nil, troubleFor: Double = 0) -> Double? {
        guard failures < attempts || troubleFor < (patience?.seconds ?? 0) else { return nil }
        let doubled = firstDelay.seconds * Double(1 << min(max(failures, 1) - 1, 16))
        return min(doubled, longestDelay.seconds) + firstDelay.seconds * jitter
    }

    /// Whether trying again can help: not where the source said no, nor where the disk is full.
    public static func isWorthRetrying(_ failure: Failure) -> Bool {
        switch failure.code {
        case .noNetwork: true
        case .badReply: failure.detail["retry"] != "no"
        case .sourceRefused:
            failure.detail["status"].flatMap { Int($0) }.map { [408, 421, 425, 429].contains($0) || (500...599).contains($0) } ?? false
        default: false
        }
    }
}

extension Duration {
    /// As a number, for figures that need no more than a double holds.
    public var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

/// `Content-Range: bytes first-last/total` of RFC 9110, §14.4, read strictly.
public struct ContentRange: Sendable, Equatable {
    public let first: Int64
    public let last: Int64
    public let total: Int64?

    public init?(_ header: String) {
        guard header.lowercased().hasPrefix("bytes ") else { return nil }
        let halves = header.dropFirst(6).split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count == 2 else { return nil }
        let ends = halves[0].split(separator: "-", omittingEmptySubsequences: false).map { Self.number($0) }
        guard ends.count == 2, let first = ends[0], let last = ends[1], first <= last else { return nil }
        let total = Self.number(halves[1])
        guard halves[1] == "*" || total.map({ last < $0 }) ?? false else { return nil }
        self.first = first
        self.last = last
        self.total = total
    }

    /// Digits alone: `Int64` would also take a sign.
    static func number(_ text: some StringProtocol) -> Int64? {
        text.utf8.allSatisfy { 0x30...0x39 ~= $0 } ? Int64(text) : nil
    }

    /// `Content-Length`, which has the same form.
    public static func length(_ header: String) -> Int64? { number(header) }
}
