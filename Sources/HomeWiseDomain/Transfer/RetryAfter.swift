// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

public import Foundation

/// How long a source asks to be left alone: `Retry-After` in both its forms, else `RateLimit` or `RateLimit-Reset`.
public struct RetryAfter: Sendable, Equatable {
    /// From now; at least 0. What no number can hold is as good as for ever.
    public let seconds: Int64

    /// Beyond this a person is asked instead: a program that sleeps for a day looks broken.
    public static let longest: Int64 = 15 * 60

    public init(seconds: Int64) { self.seconds = max(0, seconds) }

    /// The value of `Retry-After`. A sign, a fraction or any other garbage is no answer (`nil`); a date that has passed is “now”.
    public init?(_ header: String, now: Date) {
        let text = header.trimmingCharacters(in: .whitespaces)
        if !text.isEmpty, text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) {
            seconds = Int64(text) ?? .max
        } else if let date = HTTPDate.parse(text, now: now) {
            let ahead = date.timeIntervalSince(now).rounded(.up)
            seconds = max(0, Int64(exactly: ahead) ?? 0)
        } else {
            return nil
        }
    }

    /// Reads whichever of the headers says something, the most exact first.
    ///
    /// - Parameters:
    ///   - headers: values of a name, in the order in which they came.
    ///   - isLimited: the answer was a refusal for too many requests, so a limit counts even where it does not say that nothing is left.
    public init?(_ headers: (String) -> [String], isLimited: Bool, now: Date) {
        if let asked = headers("Retry-After").lazy.compactMap({ RetryAfter($0, now: now) }).first {
            self = asked
        } else if let limit = headers("RateLimit").lazy.compactMap({ RateLimit($0) }).first, isLimited || limit.remaining == 0 {
            self.init(seconds: limit.reset)
        } else if isLimited, let reset = Self.reset(headers, now: now) {
            self.init(seconds: reset)
        } else {
            return nil
        }
    }

    /// `RateLimit-Reset` counts seconds; the older `X-RateLimit-Reset` does too, or gives a moment since 1970.
    private static func reset(_ headers: (String) -> [String], now: Date) -> Int64? {
        let values = headers("RateLimit-Reset") + headers("X-RateLimit-Reset")
        guard let value = values.lazy.compactMap({ ContentRange.number($0.trimmingCharacters(in: .whitespaces)) }).first else { return nil }
        return value > 1_000_000_000 ? max(0, value - Int64(now.timeIntervalSince1970)) : value
    }

    /// How long to wait.
    ///
    /// - Throws: `Failure.askedToWait` where the source asks for more than `longest`.
    public func wait(host: String) throws -> Duration {
        guard seconds <= Self.longest else { throw Failure.askedToWait(host: host, seconds: seconds) }
        return .seconds(seconds)
    }
}

/// `RateLimit` in its present form (`"api";r=0;t=30`) and in the one before it (`limit=100, remaining=0, reset=30`).
struct RateLimit: Equatable {
    /// Requests that are left; `nil` where it is not said.
    let remaining: Int64?
    /// Seconds.
    let reset: Int64

    init?(_ header: String) {
        var values: [String: Int64] = [:]
        for part in header.split(whereSeparator: { ";,".contains($0) }) {
            let pair = part.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
            guard pair.count == 2, let number = ContentRange.number(pair[1]), !pair[1].isEmpty else { continue }
            values[pair[0], default: number] = number
        }
        guard let reset = values["t"] ?? values["reset"] else { return nil }
        self.reset = reset
        remaining = values["r"] ?? values["remaining"]
    }
}
