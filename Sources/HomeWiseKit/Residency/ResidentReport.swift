// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

public import Foundation
public import HomeWiseDomain

/// One model that is in memory, or that failed to be, as `homewise ps` shows it.
public struct ResidentReport: Sendable, Codable, Equatable {
    public enum State: String, Sendable, Codable { case loading, ready, busy, draining, unloading, failed }

    /// “model:quantization”, as it was asked for.
    public var key: String
    /// The model that runs; another one than the key says where recovery took a smaller one.
    public var model: String
    public var quantization: String
    public var format: ModelFormat?
    public var engine: String?
    public var engineVersion: String?
    public var state: State
    public var isPinned: Bool
    /// Tokens that were asked for, and those that it runs with.
    public var contextAsked: Int?
    public var contextGiven: Int?
    /// Memory of its own, pages of its file and memory on graphics cards, as planned.
    public var planned: Footprint?
    /// What its process holds now; `nil` while there is none.
    public var resident: ByteCount?
    /// The part of it that cannot be dropped.
    public var anonymous: ByteCount?
    /// “the CPU”, or what lies on the graphics card.
    public var device: String?
    /// Threads that work now, and that may at most.
    public var threads: Int?
    public var threadsAtMost: Int?
    /// How it is kept from the rest of the machine; `nil` where nobody knows.
    public var sandbox: String?
    public var startedAt: Date?
    /// Seconds since it was ready.
    public var uptime: Double?
    /// Seconds that loading took.
    public var loadSeconds: Double?
    public var requestsServed: Int
    public var requestsInFlight: Int
    public var requestsWaiting: Int
    /// When it is unloaded if nobody asks; `nil` for never, and while it works.
    public var idleUntil: Date?
    public var lastTimings: AnswerTimings?
    /// What recovery gave up so that it runs, a sentence each.
    public var gaveUp: [String]
    public var pid: Int32?
    /// Why it failed, or why it is not tried again by itself.
    public var failure: Failure?
}

/// What became of threads that were saved for a model which is loaded.
public struct ThreadsHeeded: Sendable, Codable, Equatable {
    /// As many as it may use from now on; `nil` where its engine keeps those that it was started with until its next load.
    public var now: Int?

    public init(now: Int?) { self.now = now }
}

/// What all models that are loaded at a time share.
public struct ResidencySettings: Sendable {
    /// How much memory models may take (`max_ram_usage`, `gpu_memory_usage`), and what holds where nobody says otherwise.
    public var wish = Wish()
    /// Requests that may wait for one model.
    public var queueLimit = 128
    /// How long a model stays after its last request (`idle_unload`).
    public var idleUnload = KeepAlive.standard
    /// Models that are loaded at the start, in this order, as far as they fit together.
    public var preload: [String] = []
    /// Seconds that a model which is to make way may work on requests that it has; then they are broken off.
    public var longestDrain = 600.0
    /// Seconds that requests have to end when everything stops.
    public var drain = 10.0
    /// Seconds of a clock that only goes forward.
    public var clock: @Sendable () -> Double

    public init() {
        let start = ContinuousClock.now
        clock = { start.duration(to: .now) / .seconds(1) }
    }

    var rules: ResidencyBoard.Rules {
        var rules = ResidencyBoard.Rules()
        (rules.queueLimit, rules.keepAlive, rules.longestDrain) = (queueLimit, idleUnload, longestDrain)
        return rules
    }
}
