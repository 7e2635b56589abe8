// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import AsyncHTTPClient
import Foundation
package import HomeWiseDomain
import NIOCore

/// Fetches one file in ranges, several at a time, into a target that knows what is here already.
package struct Transfer: Sendable {
    package var transport: Transport
    /// Ranges at a time.
    package var connections: Int

    package init(transport: Transport, connections: Int = 4) {
        self.transport = transport
        self.connections = connections
    }

    /// - Parameter report: absolute bytes that are here, from any task, in no particular order.
    /// - Throws: `Failure`, or `CancellationError`; what was finished stays finished in the target.
    package func run(_ file: RemoteFile, into target: any TransferTarget, report: @escaping @Sendable (Int64) -> Void) async throws {
        let progress = TransferProgress(ledger: target.ledger, report: report)
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<max(1, min(connections, target.ledger.count)) {
                    group.addTask { try await fetchPieces(of: file, into: target, progress: progress) }
                }
                try await group.waitForAll()
            }
        } catch is RangesRefused {
            try await fetchWholeWithRetries(file, into: target, progress: TransferProgress(ledger: target.ledger, report: report))
        }
    }

    private func fetchPieces(of file: RemoteFile, into target: any TransferTarget, progress: TransferProgress) async throws {
        while let index = await progress.claim() {
            try Task.checkCancellation()
            let fetch = PieceFetch(file: file, index: index, transport: transport, progress: progress, target: target)
            try await fetch.run()
        }
    }

    /// A source without ranges begins at the first byte each time, so only its attempts are counted.
    private func fetchWholeWithRetries(_ file: RemoteFile, into target: any TransferTarget, progress: TransferProgress) async throws {
        var failures = 0
        while true {
            do { return try await fetchWhole(file, into: target, progress: progress) } catch let failure as Failure {
                failures += 1
                guard RetryPolicy.isWorthRetrying(failure),
                    let delay = transport.policy.delay(afterFailure: failures, jitter: .random(in: 0...1))
                else { throw failure }
                try await Task.sleep(for: delay)
            }
        }
    }

    /// For sources that ignore `Range`: one stream from the beginning, whatever is here already.
    private func fetchWhole(_ file: RemoteFile, into target: any TransferTarget, progress: TransferProgress) async throws {
        let answer = try await transport.get(file.url, authorization: file.authorization)
        guard answer.status == 200 else { throw Failure.refused(host: answer.host, status: answer.status, what: file.name) }
        try PieceFetch.check(length: answer.header("Content-Length"), is: target.ledger.size, of: file, host: answer.host)
        var writer = PieceWriter(target: target)
        do {
            for try await buffer in answer.body {
                try buffer.withUnsafeReadableBytes { try writer.write($0) }
                await progress.reached(writer.position)
            }
        } catch { throw transport.failure(error, host: answer.host) }
        guard writer.position == target.ledger.size else { throw Failure.badReply(host: answer.host, "it ended early") }
    }
}

/// The source answers a range with the whole file.
struct RangesRefused: Error {}

/// What the tasks of one transfer share.
actor TransferProgress {
    private var ledger: PieceLedger
    private var partial: [Int: Int64] = [:]
    private var tag: String?
    private let report: @Sendable (Int64) -> Void
    /// Where redirects led, so that each piece need not walk them again.
    private(set) var address: String?

    init(ledger: PieceLedger, report: @escaping @Sendable (Int64) -> Void) {
        self.ledger = ledger
        self.report = report
        report(ledger.bytesHere)
    }

    func claim() -> Int? { ledger.claim() }

    func received(_ bytes: Int64, of index: Int) {
        partial[index] = bytes
        report(ledger.bytesHere + partial.values.reduce(0, +))
    }

    func complete(_ index: Int) {
        partial[index] = nil
        ledger.complete(index)
    }

    /// For a transfer in one stream.
    func reached(_ position: Int64) { report(position) }

    func found(_ address: String?) { self.address = address }

    /// - Returns: whether this answer is of the same version of the file as those before it.
    func isSameVersion(_ newTag: String?) -> Bool {
        guard let newTag, !newTag.hasPrefix("W/") else { return true }
        defer { tag = tag ?? newTag }
        return tag == nil || tag == newTag
    }
}
