// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Bytes per second over the last few seconds, and the time left. Time is a parameter: seconds since any fixed moment.
public struct RateMeter: Sendable {
    public static let window = 5.0

    private var samples: [(time: Double, bytes: Int64)] = []

    public init() {}

    /// - Parameter bytes: absolute, so that a lost report does no harm.
    public mutating func record(bytes: Int64, at time: Double) {
        samples.append((time, bytes))
        while samples.count > 2, let second = samples.dropFirst().first, second.time < time - Self.window { samples.removeFirst() }
    }

    /// A live figure: it falls to zero when nothing arrives. `nil` before there is anything to tell.
    public func bytesPerSecond(at time: Double) -> Double? {
        guard let first = samples.first, let last = samples.last, time - first.time > 0.05 else { return nil }
        return Double(last.bytes - first.bytes) / max(time - first.time, 0.05)
    }

    /// Seconds until `total` is reached; `nil` where the rate is unknown or zero.
    public func secondsLeft(to total: Int64, at time: Double) -> Double? {
        guard let rate = bytesPerSecond(at: time), rate >= 1, let last = samples.last else { return nil }
        return Double(max(0, total - last.bytes)) / rate
    }
}
