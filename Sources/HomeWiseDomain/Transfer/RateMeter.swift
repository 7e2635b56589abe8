// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Bytes per second over the last few seconds, and the time left. Time is a parameter: seconds since any fixed moment.
public struct RateMeter: Sendable {
    public static let window = 5.0

    private let window: Double
    /// Reports closer together than this are one: a fast line brings thousands in a second.
    private var grain: Double { window / 20 }
    private var samples: [(time: Double, bytes: Int64)] = []

    /// - Parameter window: seconds that the figure looks back.
    public init(window: Double = RateMeter.window) { self.window = window }

    /// - Parameter bytes: absolute, so that a lost report does no harm.
    public mutating func record(bytes: Int64, at time: Double) {
        if samples.count > 1, let last = samples.last, time - samples[samples.count - 2].time < grain {
            samples[samples.count - 1] = (max(time, last.time), bytes)
            return
        }
        samples.append((time, bytes))
        while samples.count > 2, samples[1].time <= time - window { samples.removeFirst() }
    }

    /// A live figure: it falls to zero when nothing arrives. `nil` before there is anything to tell.
    public func bytesPerSecond(at time: Double) -> Double? {
        guard let first = samples.first, time - first.time > 0.05 else { return nil }
        return Double(bytes(at: time)) / min(window, time - first.time)
    }

    /// Bytes that came within the last window.
    public func bytes(at time: Double) -> Int64 {
        guard let last = samples.last else { return 0 }
        let before = samples.last { $0.time <= time - window } ?? samples[0]
        return last.bytes - before.bytes
    }

    /// Seconds until `total` is reached; `nil` where the rate is unknown or zero.
    public func secondsLeft(to total: Int64, at time: Double) -> Double? {
        guard let rate = bytesPerSecond(at: time), rate >= 1, let last = samples.last else { return nil }
        return Double(max(0, total - last.bytes)) / rate
    }
}
