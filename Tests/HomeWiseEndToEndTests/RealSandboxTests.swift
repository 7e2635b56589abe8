// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseTesting
import Testing

@testable import HomeWiseDomain
@testable import HomeWiseEngines

/// What a real engine in its sandbox can and does.
extension RealEngineTests {
    #if os(Linux)
        @Test("SUP-37 a real engine works in the whole sandbox, governed, with a model that is a link to somewhere else")
        func sandboxed() async throws {
            let house = try await house()
            let library = try #require(
                await GovernorLibrary(host: house.host, folder: TemporaryFolder.path + "/governor").made().path)
            var plan = plan(house)
            plan.model = TemporaryFolder.path + "/link.gguf"
            try FileManager.default.createSymbolicLink(atPath: plan.model, withDestinationPath: house.model)
            let (text, steps, state) = try await EngineServer(LlamaCPP(house.manifest, governor: library), host: house.host)
                .run(plan) { session in
                    var text = ""
                    for try await part in try await session.client.chat([ChatMessage(.user, "Say hello.")], limit: 20) {
                        if case .text(let piece) = part { text += piece }
                    }
                    return (text, session.board?.steps ?? 0, session.sandbox)
                }
            #expect(state == SandboxState(.full) && !text.isEmpty && steps > 1, "\(state) \(text) \(steps)")
        }

        @Test("SUP-37 llama.cpp's own tools work in the sandbox, and with what they are given alone") func tools() async throws {
            let house = try await house()
            let fit = try #require(LlamaFit(manifest: house.manifest, host: house.host))
            #expect(try await !fit.devices(house.model, ContextOptions(context: 256), repacking: true).isEmpty)
            let bench = try #require(LlamaBench(manifest: house.manifest, host: house.host))
            #expect(try await !bench.run(house.model, threads: [1], prompt: 0, generate: 2, repetitions: 1).isEmpty)
            let own = TemporaryFolder.path + "/own"
            let quantizer = try #require(house.manifest.tool("llama-quantize"))
            let elsewhere = TemporaryFolder.path + "/elsewhere.gguf"
            try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: true)
            for (place, isMade) in [(own + "/m.gguf", true), (elsewhere, false)] {
                let process = house.host.tool(quantizer, ["--allow-requantize", house.model, place, "Q8_0", "1"], output: own)
                let (exit, lines) = try await process.run(within: .seconds(120))
                #expect(exit?.isSuccess == isMade && FileManager.default.fileExists(atPath: place) == isMade, "\(lines.suffix(5))")
            }
        }

        @Test(
            "SUP-37 a tool of llama.cpp cannot read a model that it is not given, and its whole sandbox is in force",
            arguments: ["llama-fit-params", "llama-bench", "llama-quantize"])
        func ungiven(_ name: String) async throws {
            let house = try await house()
            let program = try #require(house.manifest.tool(name))
            let arguments = name == "llama-quantize" ? [house.model, "/dev/null", "Q8_0"] : ["-m", house.model]
            var process = house.host.tool(program, arguments)
            let real = EngineHost.resolved(house.model)
            let before = process.sandbox?.rules.count ?? 0
            process.sandbox?.rules.removeAll { $0.path == real }
            #expect(process.sandbox?.rules.count == before - 1 && process.sandbox?.rules.contains { $0.access == .write } == false)
            let log = LogTail(path: nil)
            let (exit, state) = try await process.run(log: log) { child in (try await child.exit(), await child.sandbox) }
            #expect(!exit.isSuccess && state == SandboxState(.full), "\(exit) \(log.last(5))")
            #expect(
                log.last(200).contains {
                    $0.contains("ermission denied") || $0.contains("failed to open") || $0.contains("failed to load model")
                }, "\(log.last(20))")
        }
    #endif

    @Test("SUP-30 a client that hangs up stops a real engine within 500 ms, and the next one is served") func hangUp() async throws {
        let house = try await house()
        let library = try #require(await GovernorLibrary(host: house.host, folder: TemporaryFolder.path + "/governor").made().path)
        try await EngineServer(LlamaCPP(house.manifest, governor: library), host: house.host).run(plan(house)) { session in
            let board = try #require(session.board)
            func ask(_ limit: Int, stoppingAfter most: Int = .max) async throws -> Int {
                var tokens = 0
                for try await part in try await session.client.chat([ChatMessage(.user, "Tell me a very long story.")], limit: limit) {
                    guard case .text = part else { continue }
                    tokens += 1
                    if tokens == most { break }
                }
                return tokens
            }
            #expect(try await ask(900, stoppingAfter: 5) == 5)
            try await Task.sleep(for: .milliseconds(500))
            let steps = board.steps
            try await Task.sleep(for: .seconds(1))
            #expect(board.steps == steps, "it went on writing for nobody")
            #expect(try await ask(5) > 0)
        }
    }
}
