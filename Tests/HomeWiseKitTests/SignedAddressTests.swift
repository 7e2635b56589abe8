// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseKit

/// A model behind a signed address: the signature opens the file, and is found nowhere afterwards.
@Suite(.temporaryFolder, .timeLimit(.minutes(5))) struct SignedAddressTests {
    typealias Reply = LoopbackServer.Reply
    static let weights = soundModel(20_000_000, seed: 21)

    private func world() -> World {
        var patience = RetryPolicy()
        patience.firstDelay = .milliseconds(5)
        (patience.outage, patience.serverTrouble) = (.zero, .zero)
        return World(
            home: TemporaryFolder.path + "/home", cache: TemporaryFolder.path + "/cache", executable: Products.homewise,
            environment: ["HF_ENDPOINT": "http://127.0.0.1:1", "PATH": "/usr/bin:/bin", "HOME": TemporaryFolder.path], patience: patience,
            registry: Data(#"{"models": []}"#.utf8))
    }

    /// - Returns: what people were told on the way.
    private func pull(_ source: String) async throws -> (installed: Installed, told: String) {
        let told = Notebook()
        let installed = try await HomeWise.open(world()) { house in
            let name = try await house.name(of: source) { told.add("\($0)") }
            return try await house.obtain(name) { told.add("\($0)") }.installed
        }
        return (installed, told.text)
    }

    /// Files below a folder that hold a text, the weights aside.
    private func files(holding text: String) throws -> [String] {
        let root = TemporaryFolder.path
        let all = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
        #expect(all.contains { $0.hasSuffix("inventory.sqlite") })
        return all.filter { path in
            path.contains(text)
                || FileManager.default.contents(atPath: "\(root)/\(path)").map { $0.range(of: Data(text.utf8)) != nil } ?? false
        }
    }

    @Test("E2 the secret of a signed address is nowhere in the store, nor in what is told", arguments: [true, false])
    func nowhere(_ hasDigest: Bool) async throws {
        let server = try await LoopbackServer.start { request in
            request.path.contains("X-Amz-Signature=hush5ecret") && request.path.contains("part=1")
                ? .file(Self.weights, for: request) : Reply(403)
        }
        let stable = "\(server.url)/model-Q4_0.gguf?part=1"
        let fragment = hasDigest ? "#sha256=\(PullTests.sha256(Self.weights))" : ""
        let (installed, told) = try await pull("\(stable)&X-Amz-Credential=hush5ecret&X-Amz-Signature=hush5ecret\(fragment)")
        #expect(installed.digest.hex == PullTests.sha256(Self.weights) && installed.source == stable + fragment)
        #expect(!told.contains("hush5ecret"), "\(told)")
        #expect(try files(holding: "hush5ecret") == [])
        #expect(try !files(holding: stable).isEmpty, "the address that it is renewed from is kept")
        try await server.stop()
    }

    @Test(
        "E2 DL-27 a signature that runs out leaves no trace and says what to do; with the next one it goes on where it was",
        arguments: [true, false])
    func renewed(_ hasDigest: Bool) async throws {
        let server = try await LoopbackServer.start { request in
            if request.path.contains("token=hush5ecret2") { return .file(Self.weights, for: request) }
            if request.range?.lowerBound == 0, request.path.contains("token=hush5ecret1") { return .file(Self.weights, for: request) }
            // The first piece has come by then.
            try? await Task.sleep(for: .seconds(1.5))
            return Reply(403)
        }
        let (stable, fragment) = ("\(server.url)/model-Q4_0.gguf", hasDigest ? "#sha256=\(PullTests.sha256(Self.weights))" : "")
        do {
            _ = try await pull("\(stable)?token=hush5ecret1\(fragment)")
            Issue.record("it was refused")
        } catch let failure as Failure {
            #expect(failure.code == .sourceRefused && failure.remedy.contains("fresh address"), "\(failure)")
            #expect(!"\(failure) \(failure.detail)".contains("hush5ecret"))
        }
        let before = server.asked
        #expect(try await pull("\(stable)?token=hush5ecret2\(fragment)").installed.digest.hex == PullTests.sha256(Self.weights))
        #expect(server.asked - before < Self.weights.count - Int(PieceGrid.standardPiece) / 2, "the first piece was here already")
        #expect(try files(holding: "hush5ecret") == [])
        try await server.stop()
    }
}

/// What was said, from any task.
private final class Notebook: Sendable {
    private let lines = Mutex<[String]>([])
    var text: String { lines.withLock { $0.joined(separator: "\n") } }
    func add(_ line: String) { lines.withLock { $0.append(line) } }
}
