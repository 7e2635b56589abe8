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
    let connections: Int
    /// What it is fetched for, as the planner names it.
    let purpose: String
    let report: Report

    struct Fetched: Sendable {
        let key: Digest
        let path: String
        let digest: Digest
        /// Held until the file has found its place, so that no second run touches it.
        let lock: FileLock
    }

    /// - Parameter isHere: asked once the file is ours alone: another run may have brought what it is for meanwhile.
    /// - Returns: `nil` when `isHere` says so.
    /// - Throws: `Failure`; after a wrong checksum the damaged bytes are gone, after anything else they are kept.
    func run(_ file: RemoteFile, unless isHere: () throws -> Bool = { false }) async throws -> Fetched? {
        guard let size = file.size else { throw Failure.badReply(host: file.host, "it tells no size for \(file.name)") }
        let key = file.digest ?? FileHash.digest(ofText: "\(file.url) \(size)")
        let lock = try await FileLock.hold("\(store.layout.run)/\(key.hex).lock") { report(.waiting(file.name)) }
        if try isHere() { return nil }
        let partial = try PartialFile(
            key: key, name: file.name, model: purpose, size: size, layout: store.layout, inventory: store.inventory)
        report(.found(name: file.name, bytes: ByteCount(size), host: file.host, already: ByteCount(partial.ledger.bytesHere)))
        if !partial.ledger.isComplete {
            do {
                try await Transfer(transport: transport, connections: connections).run(file, into: partial) { received in
                    report(.progress(name: file.name, received: ByteCount(received), total: ByteCount(size)))
                }
            } catch {
                try partial.rest()
                throw error
            }
        }
        let digest = try FileHash.digest(of: partial.path)
        if let expected = file.digest, digest != expected {
            try store.discard(transfer: key)
            throw Failure.corrupted(file.name, expected: expected, actual: digest)
        }
        report(.verified(name: file.name, digest: digest, isPublished: file.digest != nil))
        return Fetched(key: key, path: partial.path, digest: digest, lock: lock)
    }
}

extension RemoteFile {
    var host: String { URL(string: url)?.host ?? "the source" }
}
