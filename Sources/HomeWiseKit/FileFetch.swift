// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseSources
import HomeWiseStore

/// Fetches one file into the store's partial folder and proves it.
struct FileFetch: Sendable {
    let store: ModelStore
    let transport: Transport
    let limits: TransferLimits
    let now: @Sendable () -> Date
    /// What it is fetched for, as the planner names it.
    let purpose: String
    let report: Report

    /// Where a part of a file that is served in parts belongs.
    struct Slot: Sendable {
        let whole: PartialWhole
        let index: Int
    }

    struct Fetched: Sendable {
        /// Name of the transfer; what is in the store already has none that anybody began.
        let key: Digest
        let path: String
        let digest: Digest
        /// Held until the file has found its place, so that no second run touches it.
        let lock: FileLock
    }

    /// The name of a file's transfer. A new signature is no new file.
    static func key(of file: RemoteFile) -> Digest {
        file.digest ?? FileHash.digest(ofText: "\(SignedQuery.removed(from: file.url)) \(file.size ?? 0)")
    }

    /// - Parameters:
    ///   - slot: its place in a larger file; `nil` for a file of its own.
    ///   - isHere: asked once the file is ours alone: another run may have brought what it is for meanwhile.
    /// - Returns: `nil` when `isHere` says so.
    /// - Throws: `Failure`; after a wrong checksum the damaged bytes are gone, after anything else they are kept.
    func run(_ file: RemoteFile, in slot: Slot? = nil, unless isHere: () throws -> Bool = { false }) async throws -> Fetched? {
        guard let size = file.size else { throw Failure.badReply(host: file.host, "it tells no size for \(file.name)") }
        let key = slot.map { $0.whole.keys[$0.index] } ?? Self.key(of: file)
        let lock = try await FileLock.hold("\(store.layout.run)/\(key.hex).lock") { report(.waiting(file.name)) }
        if try isHere() { return nil }
        let partial = try place(of: file, key, size, slot)
        // Nothing would tell what is here from another version of the file.
        if file.digest == nil, file.version == nil { try partial.reset() }
        try report(.found(name: file.name, bytes: ByteCount(size), host: file.host, already: ByteCount(partial.bytesHere)))
        do {
            let digest = try await fetch(file, into: partial, size)
            if slot == nil { try checkGitBlob(of: file, at: partial.path) }
            report(.verified(name: file.name, digest: digest, isPublished: file.digest != nil))
            return Fetched(key: key, path: partial.path, digest: digest, lock: lock)
        } catch {
            let failure = error as? Failure
            let isUseless = failure?.code == .digestMismatch || failure?.detail["lost"] != nil
            // What went wrong first is what a person needs to know.
            do { try isUseless ? giveUp(key, slot, partial) : partial.rest() } catch let second as Failure {
                throw failure?.adding("afterwards", second.message) ?? error
            }
            throw error
        }
    }

    /// A part that is given up leaves no room behind in the whole, and no whole in which nothing is.
    private func giveUp(_ key: Digest, _ slot: Slot?, _ partial: any PartialTarget) throws {
        try store.discard(transfer: key)
        guard let slot else { return }
        try partial.rest()
        var status = stat()
        if lstat(slot.whole.path, &status) == 0, status.st_size == 0 { try ModelStore.remove(slot.whole.path) }
    }

    private func place(of file: RemoteFile, _ key: Digest, _ size: Int64, _ slot: Slot?) throws -> any PartialTarget {
        let version = file.digest == nil ? file.version : nil
        if let slot { return try PartialSlice(slot.index, of: slot.whole, name: file.name, model: purpose, version: version) }
        return try PartialFile(
            key: key, name: file.name, model: purpose, size: size, version: version, layout: store.layout, inventory: store.inventory)
    }

    /// What a hub publishes of small files is git's own name of their content.
    private func checkGitBlob(of file: RemoteFile, at path: String) throws {
        guard file.digest == nil, let expected = file.gitBlob else { return }
        let actual = try GitBlobHash.hex(ofFile: path)
        if actual != expected { throw Failure.corruptedBlob(file.name, expected: expected, actual: actual) }
    }

    private func fetch(_ file: RemoteFile, into partial: any PartialTarget, _ size: Int64) async throws -> Digest {
        let transfer = Transfer(transport: transport, limits: limits, now: now)
        let fetched = try await transfer.run(file, into: partial) { report(.progress(name: file.name, $0)) }
        for refusal in fetched.refusals { report(.placeGivenUp(name: file.name, source: refusal.source, failure: refusal.failure)) }
        guard let expected = file.digest, fetched.digest != expected else { return fetched.digest }
        report(.mending(name: file.name))
        let mend = Mend(file: file, target: partial, transport: transport, connections: limits.usefulConnections)
        let outcome: Mend.Outcome
        do {
            outcome = try await mend.run(expected: expected, doubtful: fetched.doubtful) { again in
                report(.progress(name: "\(file.name), again", TransferStatus(received: again, total: size)))
            }
        } catch let failure as Failure where !RetryPolicy.isWorthRetrying(failure) && ![.storeUnusable, .diskFull].contains(failure.code) {
            // Nobody gives single pieces: what is here would be found again, and be as wrong.
            throw Failure.corrupted(file.name, expected: expected, actual: fetched.digest).adding("not_mended", failure.message)
        }
        guard outcome.isMended else {
            throw Failure.corrupted(file.name, expected: expected, actual: fetched.digest)
                .adding("pieces_that_differed", outcome.differing.map(String.init).joined(separator: ","))
        }
        report(.mended(name: file.name, pieces: outcome.differing.count, fetched: ByteCount(outcome.fetched)))
        return expected
    }
}

extension RemoteFile {
    var host: String { URL(string: url)?.host ?? "the source" }
}
