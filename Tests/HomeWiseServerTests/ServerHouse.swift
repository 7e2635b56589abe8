// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Crypto
import Foundation
import HomeWiseDomain
import HomeWiseTesting

@testable import HomeWiseKit

/// A house with a fake engine and one small model, “a”, that misbehaves on request.
enum ServerHouse {
    private static var notes: String { TemporaryFolder.shared + "/starts" }

    static func open(_ orders: [String], _ body: @escaping @Sendable (HomeWise) async throws -> Void) async throws {
        let bytes = soundModel(60_000, orders: ["note-start \(notes)"] + orders, template: "{{ messages }}")
        let server = try await LoopbackServer.start { .file(bytes, for: $0) }
        let outcome: Result<Void, any Error>
        do {
            outcome = try await .success(
                HomeWise.open(world(server.url, bytes)) { house in
                    if try !house.hasEngine() { _ = try await house.installEngine { _ in } }
                    _ = try await house.obtain("a") { _ in }
                    try? FileManager.default.removeItem(atPath: notes)
                    try await body(house)
                })
        } catch { outcome = .failure(error) }
        try await server.stop()
        try outcome.get()
    }

    private static func world(_ url: String, _ bytes: [UInt8]) throws -> World {
        let bin = TemporaryFolder.path + "/bin"
        try FileManager.default.createDirectory(atPath: bin, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: bin + "/llama-server", withDestinationPath: Products.fakeEngine)
        let digest = SHA256.hash(data: bytes).map { String(format: "%02x", $0) }.joined()
        let entry =
            #"{"name": "a", "type": "gguf", "size": "1MB", "tier": "compact", "license": "mit", "variants": [{"quantization": "Q8_0", "size": \#(bytes.count), "sha256": "\#(digest)", "sources": ["\#(url)/a.gguf"]}]}"#
        var patience = RetryPolicy()
        (patience.outage, patience.serverTrouble) = (.zero, .zero)
        return World(
            home: TemporaryFolder.path + "/home", cache: TemporaryFolder.path + "/cache", executable: Products.homewise,
            environment: ["PATH": bin + ":/usr/bin:/bin", "HOME": TemporaryFolder.path], patience: patience,
            registry: Data(#"{"models": [\#(entry)]}"#.utf8))
    }

    /// Process numbers of the engines that were started.
    static var starts: [Int32] {
        let text = FileManager.default.contents(atPath: notes).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(separator: "\n").compactMap { Int32($0) }
    }
}
