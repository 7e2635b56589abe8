// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

public import Foundation
public import HomeWiseDomain
import HomeWiseStore

extension HomeWise {
    /// What a round of the scrub found.
    public struct ScrubOutcome: Sendable, Equatable, Encodable {
        /// Files that were read to their end.
        public var checked = 0
        /// Bytes that were read, also of a file that is to be gone on with.
        public var bytes = ByteCount(0)
        /// What is damaged, gone or changed; each is marked.
        public var damaged: [FileVerdict] = []
        /// Files that are left, the one that was begun among them.
        public var remaining = 0
        public var remainingBytes = ByteCount(0)
    }

    /// Reads what was not proven for long, slowly and behind everybody else, to find bits that rot before a person does. The longest
    /// unproven comes first, and a round that ends early is gone on with in the middle of the file where it was.
    ///
    /// - Parameters:
    ///   - age: seconds; what was proven more lately is left alone.
    ///   - rate: bytes per second at most.
    ///   - limit: seconds after which it stops; `nil` to go on to the end.
    /// - Throws: `CancellationError`; where it was is kept then too.
    public func scrub(
        olderThan age: TimeInterval = 7 * 86_400, rate: ByteCount = ByteCount(50_000_000), for limit: TimeInterval? = nil,
        report: @escaping Report = { _ in }
    ) async throws -> ScrubOutcome {
        let (store, now) = (store, world.now)
        let owners = try owners()
        return try await BackgroundThread.run { checkpoint in
            var outcome = ScrubOutcome()
            var pace = Pace(rate: Double(max(1, rate.bytes)), limit: limit)
            let due = try store.proofs().filter { proof in
                guard let owner = owners[proof.digest] else { return false }
                if now().timeIntervalSince(proof.damagedAt ?? proof.provenAt) > age { return true }
                // What was found damaged lately is told again, and not read again.
                if proof.damagedAt != nil { outcome.tell(owner, .damaged, report) }
                return false
            }
            for (index, proof) in due.enumerated() {
                guard let owner = owners[proof.digest] else { continue }
                var last: Int64?
                let name = "\(owner.models[0]) \(owner.file)"
                let state = try store.scrub(proof.digest, at: now()) { position in
                    // What is looked at once more begins at its first byte again.
                    let before = last ?? max(0, position - (1 << 20))
                    let step = position < before ? position : position - before
                    last = position
                    outcome.bytes.bytes += step
                    report(.progress(name: name, TransferStatus(received: position, total: proof.size)))
                    return try Self.wait(&pace, outcome.bytes.bytes, checkpoint)
                }
                guard let state else {
                    let rest = due[index...]
                    outcome.remaining = rest.count
                    outcome.remainingBytes.bytes = rest.reduce(0) { $0 + $1.size } - (last ?? 0)
                    return outcome
                }
                outcome.checked += 1
                outcome.bytes.bytes += last.map { max(0, proof.size - $0) } ?? proof.size
                if ![.sound, .away].contains(state) { outcome.tell(owner, state, report) }
                guard try Self.wait(&pace, outcome.bytes.bytes, checkpoint) else {
                    let rest = due[(index + 1)...]
                    (outcome.remaining, outcome.remainingBytes.bytes) = (rest.count, rest.reduce(0) { $0 + $1.size })
                    return outcome
                }
            }
            return outcome
        }
    }

    /// Waits until so many bytes are within the rate. - Returns: whether there is time left.
    private static func wait(_ pace: inout Pace, _ bytes: Int64, _ checkpoint: () throws -> Void) throws -> Bool {
        while true {
            try checkpoint()
            let now = Double(DispatchTime.now().uptimeNanoseconds) / 1e9
            if pace.isOver(at: now) { return false }
            let wait = pace.wait(after: bytes, at: now)
            guard wait > 0.001 else { return true }
            Thread.sleep(forTimeInterval: wait)
        }
    }

    /// Every file that a model has, by its digest.
    private func owners() throws -> [Digest: FileVerdict] {
        var owners: [Digest: FileVerdict] = [:]
        for model in try store.everything().models {
            for file in model.files + model.archives {
                let fresh = FileVerdict(models: [], file: file.path, digest: file.digest, size: file.size, state: .sound)
                owners[file.digest, default: fresh].models.append(model.key)
            }
        }
        return owners
    }
}

extension HomeWise.ScrubOutcome {
    fileprivate mutating func tell(_ owner: HomeWise.FileVerdict, _ state: FileState, _ report: Report) {
        var verdict = owner
        verdict.state = ListedModel.State(state)
        damaged.append(verdict)
        report(.note("\(owner.models[0]) \(owner.file) is \(verdict.state.rawValue)"))
    }
}

/// How long to wait so that a rate is not passed, and when time is over. Time is a parameter: seconds since any fixed moment.
struct Pace {
    let rate: Double
    let limit: Double?
    private var begin: Double?

    init(rate: Double, limit: Double? = nil) {
        self.rate = rate
        self.limit = limit
    }

    /// - Returns: seconds, at most half a second at a time, so that an interruption is heard.
    mutating func wait(after bytes: Int64, at now: Double) -> Double {
        let start = begin ?? now
        begin = start
        return min(0.5, max(0, Double(bytes) / rate - (now - start)))
    }

    mutating func isOver(at now: Double) -> Bool {
        let start = begin ?? now
        begin = start
        return limit.map { now - start >= $0 } ?? false
    }
}
