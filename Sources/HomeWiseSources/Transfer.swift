// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

package import Foundation
package import HomeWiseDomain

/// Fetches one file into a target: several ranges at a time, from one place or several, hashed while it is still in memory.
package struct Transfer: Sendable {
    package var transport: Transport
    package var limits: TransferLimits
    /// The wall clock, for the hours of the day alone.
    package var now: @Sendable () -> Date

    package init(transport: Transport, limits: TransferLimits = TransferLimits(), now: @escaping @Sendable () -> Date = { Date() }) {
        self.transport = transport
        self.limits = limits
        self.now = now
    }

    package struct Fetched: Sendable {
        /// SHA-256 of the whole file.
        package var digest: Digest
        /// Pieces during which a line broke: the first to look at where the digest is wrong.
        package var doubtful: [Int]
        /// Places that were given up on the way, and why.
        package var refusals: [(source: String, failure: Failure)]
    }

    /// - Parameter report: how it stands, some times a second, in order.
    /// - Returns: what SHA-256 over every byte, as it lies on the disk, gave.
    /// - Throws: `Failure`, or `CancellationError`; what is here stays here.
    package func run(_ file: RemoteFile, into target: any TransferTarget, report: @escaping @Sendable (TransferStatus) -> Void) async throws
        -> Fetched
    {
        do { return try await attempt(file, target, report) } catch let failure as Failure where failure.detail["status"] == "416" {
            // Asked for once more. Where nothing proves what is here, it may be of another version: then from the first byte.
            if file.digest == nil { for piece in try target.held().keys { try target.spoiled(piece: piece) } }
            return try await attempt(file, target, report)
        }
    }

    private func attempt(_ file: RemoteFile, _ target: any TransferTarget, _ report: @escaping @Sendable (TransferStatus) -> Void)
        async throws -> Fetched
    {
        let desk = try TransferDesk(file: file, target: target, policy: transport.policy, limits: limits)
        do {
            let digest = try await run(desk, report) { try await runLanes(desk) }
            return Fetched(digest: digest, doubtful: desk.with { $0.doubtful.sorted() }, refusals: desk.with { $0.book.refusals })
        } catch is RangesRefused {
            return try await Fetched(digest: runWhole(file, into: target, desk.whole, report), doubtful: [], refusals: [])
        }
    }

    /// Lanes, hash and report side by side; the first failure ends them all.
    private func run(
        _ desk: TransferDesk, _ report: @escaping @Sendable (TransferStatus) -> Void, _ fetch: @escaping @Sendable () async throws -> Void
    ) async throws -> Digest {
        try await withThrowingTaskGroup(of: Digest?.self) { group in
            group.addTask { try await ChainHash(desk: desk).run() }
            group.addTask {
                try await fetch()
                return nil
            }
            group.addTask {
                while !desk.isDone {
                    report(desk.status())
                    try await Task.sleep(for: .milliseconds(200))
                }
                return nil
            }
            var digest: Digest?
            while let value = try await group.next() { digest = value ?? digest }
            report(desk.status())
            guard let digest else { throw CancellationError() }
            return digest
        }
    }

    private func runLanes(_ desk: TransferDesk) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for id in 0..<limits.usefulConnections {
                group.addTask { try await Lane(id: id, desk: desk, transfer: self).run() }
            }
            // Unlike `waitForAll`, this ends the others at the first failure.
            while try await group.next() != nil {}
        }
    }

    /// A source without ranges begins at the first byte each time. What is here already is passed over where the digest
    /// will prove it, and written anew where nothing would tell two versions apart.
    private func runWhole(
        _ file: RemoteFile, into target: any TransferTarget, _ address: Int, _ report: @escaping @Sendable (TransferStatus) -> Void
    ) async throws -> Digest {
        var failures = 0
        while true {
            if file.digest == nil { for piece in try target.held().keys { try target.spoiled(piece: piece) } }
            let desk = try TransferDesk(file: file, target: target, policy: transport.policy, limits: limits)
            let before = desk.status().received
            do {
                return try await run(desk, report) {
                    try await stayWithinHours(desk)
                    try await WholeFetch(desk: desk, address: address, transport: transport).run()
                }
            } catch let failure as Failure {
                failures = desk.status().received > before && file.digest != nil ? 1 : failures + 1
                guard RetryPolicy.isWorthRetrying(failure),
                    let delay = transport.policy.delay(afterFailure: failures, jitter: .random(in: 0...1))
                else { throw failure }
                let asked = failure.detail["retry_after"].flatMap { Double($0) } ?? 0
                guard asked <= Double(RetryAfter.longest) else { throw failure }
                let wait = max(delay, asked)
                report(TransferStatus(received: before, total: target.grid.size, rest: .retrying(failure, seconds: wait)))
                try await Task.sleep(for: .seconds(wait))
            }
        }
    }
}

extension Transfer {
    /// Waits for the hours in which it may run.
    func stayWithinHours(_ desk: TransferDesk) async throws {
        guard let window = limits.window else { return }
        while true {
            let parts = Calendar.current.dateComponents([.hour, .minute, .second], from: now())
            let second = (parts.hour ?? 0) * 3600 + (parts.minute ?? 0) * 60 + (parts.second ?? 0)
            let wait = window.wait(atSecondOfDay: second)
            desk.with { $0.rest = wait > 0 ? .outsideHours(window, seconds: wait) : nil }
            guard wait > 0 else { return }
            try await Task.sleep(for: .seconds(min(wait, 5)))
        }
    }
}

/// A source answers a range with the whole file, and there is no other.
struct RangesRefused: Error {}
