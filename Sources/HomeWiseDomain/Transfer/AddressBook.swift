// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// The places that one file can be had from, how each of them does, and which to ask next.
///
/// Pure: time is a parameter, in seconds since any fixed moment.
public struct AddressBook: Sendable {
    struct Entry: Sendable {
        let address: RemoteAddress
        /// Failures in a row without a byte between them.
        var failures = 0
        /// Not to be asked before.
        var blockedUntil = -Double.infinity
        /// When it began to fail, where it did serve before.
        var troubleSince: Double?
        var last: Failure?
        /// Why it is never asked again in this transfer.
        var refusal: Failure?
        /// Whether it gave any byte.
        var hasServed = false
        /// Lanes that ask it now.
        var lanes = 0
        /// Bytes per second that a lane reaches there, smoothed.
        var pace: Double?
        /// Where its redirects led.
        var resolved: String?
        /// Whether the resolved address was just renewed and has not served yet.
        var isRenewed = false
    }

    private var entries: [Entry]
    private let policy: RetryPolicy

    public init(_ addresses: [RemoteAddress], policy: RetryPolicy) {
        entries = addresses.map { Entry(address: $0) }
        self.policy = policy
    }

    public enum Pick: Sendable, Equatable {
        case ask(Int)
        /// All that are left rest until then.
        case wait(until: Double, because: Failure)
        /// None is left; the last one's reason.
        case none(Failure)
    }

    /// Which address a lane should ask: the one that promises most for one lane more. What was not tried yet counts as good
    /// as the best, so that each is tried.
    public func pick(at now: Double) -> Pick {
        let open = entries.indices.filter { entries[$0].refusal == nil }
        guard !open.isEmpty else { return .none(lastRefusal) }
        let ready = open.filter { entries[$0].blockedUntil <= now }
        guard !ready.isEmpty else {
            let next = open.min { entries[$0].blockedUntil < entries[$1].blockedUntil } ?? open[0]
            return .wait(until: entries[next].blockedUntil, because: entries[next].last ?? lastRefusal)
        }
        let best = ready.compactMap { entries[$0].pace }.max() ?? 1
        func promise(_ index: Int) -> Double { (entries[index].pace ?? best) / Double(entries[index].lanes + 1) }
        return .ask(ready.max { (promise($0), -$0) < (promise($1), -$1) } ?? ready[0])
    }

    private var lastRefusal: Failure {
        entries.compactMap(\.refusal).last ?? entries.compactMap(\.last).last ?? .badReply(host: "the source", "it gave no reason")
    }

    public subscript(_ index: Int) -> RemoteAddress { entries[index].address }
    /// What to ask: where redirects led the last time, so that not every span walks them again.
    public func url(_ index: Int) -> String { entries[index].resolved ?? entries[index].address.url }
    public func isResolved(_ index: Int) -> Bool { entries[index].resolved != nil }
    /// Addresses that can still be asked.
    public var open: [Int] { entries.indices.filter { entries[$0].refusal == nil } }
    /// What people read of the places in use now.
    public var sourcesInUse: [String] { entries.filter { $0.lanes > 0 }.map(\.address.source) }

    public mutating func began(_ index: Int) { entries[index].lanes += 1 }
    public mutating func ended(_ index: Int) { entries[index].lanes -= 1 }

    public mutating func redirected(_ index: Int, to url: String) { entries[index].resolved = url }

    /// Bytes came: earlier failures are forgiven.
    public mutating func served(_ index: Int) {
        entries[index].hasServed = true
        entries[index].failures = 0
        entries[index].troubleSince = nil
        entries[index].isRenewed = false
    }

    /// - Parameter bytesPerSecond: what one span reached.
    public mutating func measured(_ index: Int, bytesPerSecond: Double) {
        entries[index].pace = entries[index].pace.map { 0.7 * $0 + 0.3 * bytesPerSecond } ?? bytesPerSecond
    }

    /// A signed address ran out: the origin is asked for a new one, and that is no failure.
    ///
    /// - Parameter asked: the address that was refused: many lanes may have asked it, and the first has seen to it.
    /// - Returns: `false` where a new one was refused as well.
    public mutating func expired(_ index: Int, asked: String) -> Bool {
        guard asked != entries[index].address.url else { return false }
        guard entries[index].resolved == asked else { return true }
        guard !entries[index].isRenewed else { return false }
        entries[index].resolved = nil
        entries[index].isRenewed = true
        return true
    }
}

extension AddressBook {
    /// A request failed.
    ///
    /// - Parameters:
    ///   - began: when the request was made: of many that fail together only one counts.
    ///   - retryAfter: seconds that the source asks to be left alone.
    ///   - jitter: 0 to 1.
    public mutating func failed(_ index: Int, _ failure: Failure, began: Double, at now: Double, retryAfter: Double? = nil, jitter: Double)
    {
        entries[index].last = failure
        entries[index].resolved = nil
        let asked = retryAfter.map { now + $0 } ?? -.infinity
        guard RetryPolicy.isWorthRetrying(failure) else { return refuse(index, failure) }
        if let retryAfter, retryAfter > Double(RetryAfter.longest) {
            return refuse(
                index,
                .askedToWait(
                    host: failure.detail["host"] ?? entries[index].address.source, seconds: Int64(exactly: retryAfter.rounded()) ?? .max))
        }
        let isCounted = began >= entries[index].blockedUntil
        if isCounted { entries[index].failures += 1 }
        let trouble = entries[index].troubleSince ?? now
        entries[index].troubleSince = trouble
        let patience = entries[index].hasServed ? (failure.code == .noNetwork ? policy.outage : policy.serverTrouble) : nil
        guard let delay = policy.delay(afterFailure: entries[index].failures, jitter: jitter, patience: patience, troubleFor: now - trouble)
        else { return refuse(index, failure) }
        if isCounted { entries[index].blockedUntil = now + delay }
        entries[index].blockedUntil = max(entries[index].blockedUntil, asked)
    }

    /// Never again in this transfer.
    public mutating func refuse(_ index: Int, _ failure: Failure) { entries[index].refusal = failure }

    /// Why addresses were given up, in their order.
    public var refusals: [(source: String, failure: Failure)] {
        entries.compactMap { entry in entry.refusal.map { (entry.address.source, $0) } }
    }
}
