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
