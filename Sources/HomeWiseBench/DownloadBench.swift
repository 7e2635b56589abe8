// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseSources
import HomeWiseStore

/// Fetches one file into a store as `pull` does, verified, without the rest of it: what bench/download.sh holds against the peers.
struct DownloadBench {
    let url: String
    let size: Int64
    let digest: Digest
    let home: String
    let connections: Int

    /// - Parameter arguments: URL, bytes, SHA-256, store, connections.
    init(_ arguments: [String]) throws {
        guard arguments.count == 5, let size = Int64(arguments[1]), let connections = Int(arguments[4]) else {
            throw Failure.badInput("These are not five arguments.", remedy: "Give URL, BYTES, SHA256, STORE and CONNECTIONS.")
        }
        (url, self.size, home, self.connections) = (arguments[0], size, arguments[3], connections)
        digest = try Digest(sha256: arguments[2])
    }

    func run() async throws {
        let store = try ModelStore(home: home)
        let transport = Transport(environment: ProcessInfo.processInfo.environment)
        let file = RemoteFile(name: "bench", url: url, size: size, digest: digest)
        let partial = try PartialFile(
            key: digest, name: "bench", model: "bench", size: size, layout: store.layout, inventory: store.inventory)
        let already = try partial.bytesHere
        let begun = ContinuousClock.now
        let fetched = try await Transfer(transport: transport, limits: TransferLimits(connections: connections)).run(file, into: partial) {
            status in
            // A killed run tells how far it was.
            FileHandle.standardError.write(Data("\(status.received) \(status.connections)\n".utf8))
        }
        let seconds = begun.duration(to: .now).seconds
        try await transport.shutdown()
        guard fetched.digest == digest else { throw Failure.corrupted("bench", expected: digest, actual: fetched.digest) }
        print(String(format: "%.3f s, %.0f MB/s, %lld bytes were here already", seconds, Double(size - already) / seconds / 1e6, already))
    }
}
