// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseStore
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseSources

/// Transfers of one file into a real store, against servers that do as a test tells them.
struct TransferFaults {
    var policy = TransferTests.hasty()
    var connections = 1
    let size: Int

    /// A file of a name; the same name goes on with what an earlier run left.
    func target(_ name: String = "t") throws -> PartialFile {
        let store = try ModelStore(home: TemporaryFolder.path + "/home")
        return try PartialFile(
            key: FileHash.digest(ofText: name), name: name, model: "m:q", size: Int64(size), layout: store.layout,
            inventory: store.inventory)
    }

    func file(_ urls: String..., digest: Digest? = nil) -> RemoteFile {
        RemoteFile(
            name: "model.bin", addresses: urls.map { RemoteAddress(url: $0 + "/model.bin", source: $0) }, size: Int64(size), digest: digest)
    }

    @discardableResult
    func run(_ file: RemoteFile, into target: PartialFile) async throws -> Transfer.Fetched {
        let transport = Transport(policy: policy)
        let result: Result<Transfer.Fetched, any Error>
        do {
            let transfer = Transfer(transport: transport, limits: TransferLimits(connections: connections))
            result = try await .success(transfer.run(file, into: target) { _ in })
        } catch { result = .failure(error) }
        try await transport.shutdown()
        let fetched = try result.get()
        #expect(try FileHash.digest(of: target.path) == fetched.digest, "what was hashed on the way is what lies on the disk")
        return fetched
    }

    func failure(_ body: () async throws -> Void) async -> Failure? {
        do { try await body() } catch { return error as? Failure }
        return nil
    }
}

/// Counts, from several threads.
final class Counter: Sendable {
    private let count = Mutex(0)
    /// The number of this call; 1 is the first.
    func next() -> Int {
        count.withLock {
            $0 += 1
            return $0
        }
    }
    var value: Int { count.withLock { $0 } }
}
