// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Keeps what is received within so many bytes per second, over all connections together. Pure: time is a parameter.
public struct BandwidthBudget: Sendable {
    public let bytesPerSecond: Double
    /// When all that was taken so far is paid for.
    private var paidUntil = -Double.infinity

    /// - Parameter bytesPerSecond: more than 0.
    public init(bytesPerSecond: Double) {
        precondition(bytesPerSecond > 0)
        self.bytesPerSecond = bytesPerSecond
    }

    /// - Returns: seconds to wait before going on.
    public mutating func take(_ bytes: Int64, at now: Double) -> Double {
        paidUntil = max(paidUntil, now) + Double(bytes) / bytesPerSecond
        return max(0, paidUntil - now)
    }
}

/// Hours of the day, by the clock on the wall, in which large transfers run: “01:00-07:00”, also over midnight.
public struct DailyWindow: Sendable, Equatable, CustomStringConvertible {
    /// Minutes since midnight.
    public let start: Int
    public let end: Int

    /// - Throws: `Failure.badInput`.
    public init(parsing text: String) throws {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Self.minute($0) }
        guard ends.count == 2, let start = ends[0], let end = ends[1], start != end else {
            throw Failure.badInput("“\(text.prefix(40))” are no hours of a day.", remedy: "Write them like 01:00-07:00 or 22:30-6:00.")
        }
        self.start = start
        self.end = end
    }

    private static func minute(_ text: Substring) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].count == 2, (1...2).contains(parts[0].count),
            parts.allSatisfy({ $0.utf8.allSatisfy { 0x30...0x39 ~= $0 } }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), (0...24).contains(hour), (0..<60).contains(minute),
            hour * 60 + minute <= 1440
        else { return nil }
        return (hour * 60 + minute) % 1440
    }

    /// - Parameter second: of the day, by the wall clock.
    /// - Returns: seconds until it opens; 0 while it is open.
    public func wait(atSecondOfDay second: Int) -> Int {
        let (start, end) = (start * 60, end * 60)
        let isOpen = start < end ? start..<end ~= second : second >= start || second < end
        return isOpen ? 0 : (start - second + 86_400) % 86_400
    }

    public var description: String { "\(Self.text(start))-\(Self.text(end))" }
    private static func text(_ minute: Int) -> String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(two(minute / 60)):\(two(minute % 60))"
    }
}
