// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseKit

/// A house with a fake engine and some small models that misbehave on request, all of them here.
struct ResidencyHouse {
    /// Seconds that only the test moves.
    final class Clock: Sendable {
        private let seconds = Mutex(0.0)
        var now: Double { seconds.withLock { $0 } }
        func pass(_ more: Double) { seconds.withLock { $0 += more } }
    }

    /// - Parameters:
    ///   - models: orders for the engine by name; each notes its starts, see `starts(of:)`. “a:q4_0” is a smaller file of “a”.
    static func open(
        _ models: [String: [String]], _ body: @escaping @Sendable (HomeWise) async throws -> Void
    ) async throws {
        let files = Dictionary(
            uniqueKeysWithValues: models.map { name, orders in
                (
                    name,
                    soundModel(
                        name.contains(":") ? 50_000 : 60_000, orders: ["note-start \(notes(of: name))"] + orders, template: "{{ messages }}"
                    )
                )
            })
        let server = try await LoopbackServer.start { request in
            let name = request.path.split(separator: "/").last.map { String($0.dropLast(5)).replacing("-", with: ":") } ?? ""
            return files[name].map { .file($0, for: request) } ?? .init(404)
        }
        let outcome: Result<Void, any Error>
        do {
            outcome = try await .success(
                HomeWise.open(world(server, files)) { house in
                    if try !house.hasEngine() { _ = try await house.installEngine { _ in } }
                    for name in models.keys.sorted() { _ = try await house.obtain(name) { _ in } }
                    for name in models.keys { try? FileManager.default.removeItem(atPath: notes(of: name)) }
                    try await body(house)
                })
        } catch { outcome = .failure(error) }
        try await server.stop()
        try outcome.get()
    }

    private static func world(_ server: LoopbackServer, _ files: [String: [UInt8]]) throws -> World {
        let bin = TemporaryFolder.path + "/bin"
        try FileManager.default.createDirectory(atPath: bin, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: bin + "/llama-server", withDestinationPath: Products.fakeEngine)
        func variant(_ key: String, _ bytes: [UInt8]) -> String {
            let quantization = key.split(separator: ":").dropFirst().first.map { $0.uppercased() } ?? "Q8_0"
            return
                #"{"quantization": "\#(quantization)", "size": \#(bytes.count), "sha256": "\#(PullTests.sha256(bytes))", "sources": ["\#(server.url)/\#(key.replacing(":", with: "-")).gguf"]}"#
        }
        let names = Set(files.keys.compactMap { $0.split(separator: ":").first.map(String.init) })
        let entries = names.sorted().map { name in
            let own = files.filter { $0.key == name || $0.key.hasPrefix(name + ":") }.sorted { $0.key < $1.key }
            return
                #"{"name": "\#(name)", "type": "gguf", "size": "1MB", "tier": "compact", "license": "mit", "variants": [\#(own.map(variant).joined(separator: ","))]}"#
        }
        var patience = RetryPolicy()
        (patience.outage, patience.serverTrouble) = (.zero, .zero)
        return World(
            home: TemporaryFolder.path + "/home", cache: TemporaryFolder.path + "/cache", executable: Products.homewise,
            environment: ["PATH": bin + ":/usr/bin:/bin", "HOME": TemporaryFolder.path], patience: patience,
            registry: Data(#"{"models": [\#(entries.joined(separator: ","))]}"#.utf8))
    }

    private static func notes(of model: String) -> String { "\(TemporaryFolder.shared)/starts-\(model.replacing(":", with: "-"))" }

    /// Process numbers of a model's engines, in the order of their starts.
    static func starts(of model: String) -> [Int32] {
        let text = FileManager.default.contents(atPath: notes(of: model)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(separator: "\n").compactMap { Int32($0) }
    }

    static func isAlive(_ pid: Int32) -> Bool { kill(pid, 0) == 0 }
}

/// A value that several tasks of a test write to.
final class Shared<Value: Sendable>: Sendable {
    private let value: Mutex<Value>
    init(_ value: Value) { self.value = Mutex(value) }
    func withLock<Result: Sendable>(_ body: (inout Value) -> Result) -> Result { value.withLock { body(&$0) } }
}

extension Residency {
    /// One question, and the whole answer to it.
    nonisolated func ask(_ model: String, options: ModelOptions = ModelOptions(), client: String = "", patience: Double? = nil)
        async throws -> String
    {
        try await withModel(model, options: options, client: client, patience: patience) { guest in
            let answer = Mutex("")
            try await guest.conversation.ask("hi") { part in if case .text(let text) = part { answer.withLock { $0 += text } } }
            return answer.withLock { $0 }
        }
    }
}
