// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import NIOHTTP1
import Testing

@testable import HomeWiseEngines

/// How the worker begins, is shared, and ends.
@Suite(.temporaryFolder, .serialized) struct WorkerLifeTests {
    private static let long = #"{"prompt":"Count to a thousand: one, two, three,","temperature":0,"stream":true,"max_tokens":"#

    @Test func healthAnswersWhileItLoads() async throws {
        let worker = try RunningWorker.chat()
        var statuses: [Int] = []
        let isReady = try await eventually(within: .seconds(30)) {
            guard FileManager.default.fileExists(atPath: worker.socket) else { return false }
            let answer = try await worker.request(.GET, "/health", key: nil)
            statuses.append(answer.status)
            guard answer.status == 503 else { return answer.status == 200 }
            #expect(answer.error?["message"]?.string == "Loading model" && answer.error?["type"]?.string == "unavailable_error")
            // Whoever asks too early is told so.
            if statuses.count == 1 { #expect(try await worker.post("/v1/completions", #"{"prompt":"x"}"#).status == 503) }
            return false
        }
        #expect(isReady)
        #expect(statuses.first == 503 && statuses.last == 200)
        let mode = try FileManager.default.attributesOfItem(atPath: worker.socket)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        try await worker.stop()
    }

    @Test func aHangUpFreesTheWorker() async throws {
        try await withWorker(.chat(context: 4096)) { worker in
            var seen = 0
            _ = try await worker.events("/v1/completions", Self.long + "3000}") { _ in
                seen += 1
                return seen < 5
            }
            let start = ContinuousClock.now
            let next = try await worker.post("/v1/completions", #"{"prompt":"Hi","max_tokens":1}"#)
            let took = start.duration(to: .now)
            #expect(next.status == 200 && took < .milliseconds(500), "it took \(took)")
        }
    }

    @Test func aHangUpEndsTheReadingOfALongPrompt() async throws {
        try await withWorker(.chat(context: 8192)) { worker in
            let words = String(repeating: "hello world ", count: 3900)
            let asking = Task { try await worker.post("/v1/completions", #"{"prompt":"\#(words)","max_tokens":1}"#) }
            try await Task.sleep(for: .milliseconds(600))
            asking.cancel()
            let start = ContinuousClock.now
            let next = try await worker.post("/v1/completions", #"{"prompt":"Hi","max_tokens":1}"#)
            let took = start.duration(to: .now)
            #expect(next.status == 200 && took < .milliseconds(500), "it took \(took)")
            await #expect(throws: (any Error).self) { try await asking.value }
        }
    }

    @Test func oneAnswerAtATimeAndWhoHungUpIsDropped() async throws {
        try await withWorker(.chat(context: 2048)) { worker in
            let first = Task { try await worker.events("/v1/completions", Self.long + "60}") }
            try await Task.sleep(for: .milliseconds(100))
            let dropped = Task { try await worker.post("/v1/completions", #"{"prompt":"x","max_tokens":1500,"temperature":0}"#) }
            try await Task.sleep(for: .milliseconds(100))
            let last = Task { try await worker.post("/v1/completions", #"{"prompt":"Hi","max_tokens":1}"#) }
            try await Task.sleep(for: .milliseconds(100))
            dropped.cancel()
            let events = try await first.value
            #expect(events.last == "[DONE]" && events.count > 20)
            let start = ContinuousClock.now
            #expect(try await last.value.status == 200)
            // Fifteen hundred tokens would have taken ten seconds and more.
            #expect(start.duration(to: .now) < .seconds(4))
            _ = try? await dropped.value
        }
    }

    @Test("SUP-23 SIGTERM ends it within two seconds, also in mid-answer, with an error to the client") func terminated() async throws {
        let worker = try RunningWorker.chat(context: 4096)
        try await worker.untilReady()
        var seen = 0
        var start = ContinuousClock.now
        let events = try await worker.events("/v1/completions", Self.long + "3000}") { _ in
            seen += 1
            if seen == 3 {
                start = .now
                kill(worker.pid, SIGTERM)
            }
            return true
        }
        #expect(events.last != "[DONE]" && events.last?.contains("shutting down") == true, "\(events.last ?? "nothing")")
        #expect(await worker.status(within: .seconds(3)) == 0)
        #expect(start.duration(to: .now) < .seconds(2))
        #expect(!FileManager.default.fileExists(atPath: worker.socket))
        try await worker.stop()
    }

    @Test("SUP-23 SIGTERM ends it while it loads") func terminatedWhileLoading() async throws {
        let worker = try RunningWorker.chat()
        #expect(await eventually(within: .seconds(10)) { FileManager.default.fileExists(atPath: worker.socket) })
        let start = ContinuousClock.now
        kill(worker.pid, SIGTERM)
        #expect(await worker.status(within: .seconds(3)) == 0)
        #expect(start.duration(to: .now) < .seconds(2))
        try await worker.stop()
    }

    @Test func theHousesClientSpeaksWithIt() async throws {
        try await withWorker(.chat()) { worker in
            let client = engineClient(of: worker)
            #expect(await client.health() == .ready)
            try await client.warmUp(.chat)
            var parts: [AnswerPart] = []
            for try await part in try await client.chat([ChatMessage(.user, "What is the capital of France?")], limit: 12) {
                parts.append(part)
            }
            #expect(parts.contains { if case .text(let text) = $0 { !text.isEmpty } else { false } })
            #expect(parts.contains { if case .timings(let timings) = $0 { timings.tokens > 0 } else { false } })
            #expect(parts.contains { if case .finished = $0 { true } else { false } })
            let refused = await #expect(throws: Failure.self) {
                for try await _ in try await client.complete(String(repeating: "hello ", count: 900), limit: 1) {}
            }
            #expect(refused?.code == .engineRefused && refused?.message.contains("512") == true)
        }
    }
}
