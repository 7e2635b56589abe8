// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

public import Foundation
public import HomeWiseDomain
import HomeWiseStore

extension HomeWise {
    /// What a round of the scrub found.
    public struct ScrubOutcome: Sendable, Equatable {
        public var checked = 0
        public var bytes = ByteCount(0)
        public var damaged: [Digest] = []
    }

    /// Reads what was not proven for long, slowly and behind everybody else, to find bits that rot before a person does.
    /// An interrupted round costs the file that it was at: the next one goes on with the longest unproven.
    ///
    /// - Parameters:
    ///   - age: seconds; what was proven more lately is left alone.
    ///   - rate: bytes per second at most.
    /// - Throws: `CancellationError`.
    public func scrub(olderThan age: TimeInterval = 7 * 86_400, rate: ByteCount = ByteCount(50_000_000)) async throws -> ScrubOutcome {
        let (store, now) = (store, world.now)
        return try await BackgroundThread.run { checkpoint in
            var outcome = ScrubOutcome()
            for proof in try store.proofs() where now().timeIntervalSince(proof.provenAt) > age {
                var pace = Pace(rate: Double(max(1, rate.bytes)))
                let state = try store.verify(proof.digest, at: now()) { done in
                    try checkpoint()
                    let wait = pace.wait(after: done, at: Double(DispatchTime.now().uptimeNanoseconds) / 1e9)
                    if wait > 0 { Thread.sleep(forTimeInterval: wait) }
                }
                outcome.checked += 1
                outcome.bytes.bytes += proof.size
                if state == .damaged { outcome.damaged.append(proof.digest) }
            }
            return outcome
        }
    }
}

/// How long to wait so that a rate is not passed. Time is a parameter: seconds since any fixed moment.
struct Pace {
    let rate: Double
    private var begin: Double?
    init(rate: Double) { self.rate = rate }

    /// - Returns: seconds, at most half a second at a time, so that an interruption is heard.
    mutating func wait(after bytes: Int64, at now: Double) -> Double {
        let start = begin ?? now
        begin = start
        return min(0.5, max(0, Double(bytes) / rate - (now - start)))
    }
}
