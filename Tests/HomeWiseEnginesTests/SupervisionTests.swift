// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseEngines

/// Loads and answers that go wrong, each in its own way.
@Suite(.temporaryFolder, .timeLimit(.minutes(2))) struct SupervisionTests {
    private func fake(
        load: LoadWatch.Limits = .init(silence: 20), still: Double = 20, first: Double = 20, next: Double = 20, bytes: Int = 64 << 20
    ) throws -> FakeServer {
        var fake = try FakeServer()
        fake.server.patience = load
        fake.server.answerLimits = { _ in AnswerWatch.Limits(still: still, first: first, next: next, bytes: bytes) }
        return fake
    }

    @Test("SUP-04 the death of a running engine is known within 250 ms") func knownAtOnce() async throws {
        let fake = try fake()
        let took = try await fake.server.run(fake.plan("")) { session in
            kill(session.pid, SIGKILL)
            let start = ContinuousClock.now
            let failure = await #expect(throws: Failure.self) { try await session.untilItEnds() }
            #expect(failure?.engineCause == .killed)
            return start.duration(to: .now)
        }
        // Its last words are waited for no longer than 300 ms, and only where somebody else holds its output.
        #expect(took < .milliseconds(250), "\(took)")
    }

    @Test("SUP-06 a slow load that goes on is waited for") func slowLoad() async throws {
        #expect(try await fake(load: .init(silence: 0.4, talk: 60)).text("slow-load 2") == "Hello from the fake.")
    }

    @Test("SUP-06 a silent load from a disk that the kernel does not count is waited for") func silentLoad() async throws {
        #expect(try await fake(load: .init(silence: 1, talk: 60)).text("read-silently 3") == "Hello from the fake.")
    }

    @Test("SUP-05 being asked whether it is ready is no reading") func asked() async throws {
        let failure = try await fake(load: .init(silence: 1, talk: 60)).failure("never-ready")
        #expect(failure?.engineCause == .hung && failure?.message.contains("read nothing") == true, "\(String(describing: failure))")
    }

    @Test("SUP-07 one that talks and is never ready is ended") func neverReady() async throws {
        let failure = try await fake(load: .init(silence: 20, talk: 0.5)).failure("talk-for-ever")
        #expect(failure?.code == .engineStartFailed && failure?.engineCause == .hung, "\(String(describing: failure))")
        #expect(failure?.message.contains("was never ready") == true)
    }

    @Test("SUP-10 an engine that sleeps in mid-answer is given up, and one before its first word too", arguments: [0, 100, 150])
    func sleeps(_ bytes: Int) async throws {
        let start = ContinuousClock.now
        let failure = try await fake(still: 0.5).failure("stall-answer \(bytes)")
        #expect(failure?.code == .engineDied && failure?.engineCause == .hung, "\(String(describing: failure))")
        #expect(failure?.message.contains("neither wrote nor worked") == true && start.duration(to: .now) < .seconds(10))
    }

    @Test("SUP-10 a line that is kept open by comments alone is no answer") func comments() async throws {
        let start = ContinuousClock.now
        let failure = try await fake(still: 1).failure("keep-alive 0")
        #expect(failure?.engineCause == .hung && start.duration(to: .now) < .seconds(10), "\(String(describing: failure))")
        #expect(failure?.message.contains("neither wrote nor worked") == true)
    }

    @Test("SUP-10 events that say nothing are life, but not for ever") func emptyEvents() async throws {
        let start = ContinuousClock.now
        let failure = try await fake(still: 1, first: 2.5).failure("keep-alive 400")
        #expect(failure?.engineCause == .hung && failure?.message.contains("without a word") == true, "\(String(describing: failure))")
        #expect(start.duration(to: .now) >= .seconds(2.5) && start.duration(to: .now) < .seconds(12))
    }

    @Test("SUP-11 an engine that works without end and writes nothing is given up") func busyLoop() async throws {
        let failure = try await fake(still: 0.5, first: 1.5).failure("busy-for-ever")
        #expect(failure?.engineCause == .hung && failure?.message.contains("without a word") == true, "\(String(describing: failure))")
    }

    @Test("SUP-10 a long prompt that is being read is no hang") func longPrompt() async throws {
        #expect(try await fake(still: 0.5, first: 60).text("busy 2") == "Hello from the fake.")
    }

    @Test("SUP-26 an engine that closes its outputs still runs") func closedOutputs() async throws {
        #expect(try await fake().text("close-outputs") == "Hello from the fake.")
    }

    @Test("SUP-29 an answer that is none is a failure with a name", arguments: ["bad-json", "long-line 8", "long-refusal"])
    func malformed(_ order: String) async throws {
        let failure = try await fake().failure(order)
        #expect(failure?.code == .badReply, "\(String(describing: failure))")
    }

    @Test("SUP-29 an answer shorter than it says is no whole answer") func wrongLength() async throws {
        let failure = try await fake().failure("wrong-length")
        #expect(failure?.code == .engineDied, "\(String(describing: failure))")
    }

    @Test("SUP-29 an answer without end is ended") func endless() async throws {
        let failure = try await fake(bytes: 100_000).failure("many-words 5000")
        #expect(failure?.code == .badReply && failure?.message.contains("without end") == true, "\(String(describing: failure))")
    }

    @Test("SUP-31 an answer that nobody reads is ended, and costs no more memory than its cap") func unread() async throws {
        let fake = try fake()
        let count = EngineClient.mostUnread + 5_000
        let failure = try await fake.server.run(fake.plan("many-words \(count)")) { session -> Failure? in
            var iterator = try await session.client.chat([ChatMessage(.user, "hi")]).makeAsyncIterator()
            _ = try await iterator.next()
            try await Task.sleep(for: .seconds(10))
            var parts = 1
            do { while try await iterator.next() != nil { parts += 1 } } catch {
                #expect(parts <= EngineClient.mostUnread + 1)
                return error as? Failure
            }
            return nil
        }
        #expect(failure?.code == .answerNotRead, "\(String(describing: failure))")
    }

    #if os(Linux)
        @Test("SUP-38 no token gets into an engine's environment, and no key into its arguments") func secrets() async throws {
            let fake = try FakeServer(environment: ["HF_TOKEN": "hf_hush", "AWS_SECRET_ACCESS_KEY": "hush", "OPENAI_API_KEY": "hush"])
            try await fake.server.run(fake.plan("")) { session in
                func words(_ file: String) throws -> [String] {
                    try Data(contentsOf: URL(filePath: "/proc/\(session.pid)/\(file)")).split(separator: 0).map {
                        String(decoding: $0, as: UTF8.self)
                    }
                }
                let environment = try words("environ")
                let allowed: Set = [
                    "PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "LLAMA_API_KEY", "GGML_NO_BACKTRACE", "HOMEWISE_ENGINE",
                    "CC", "CXX",
                ]
                let names = Set(environment.map { String($0.prefix { $0 != "=" }) })
                #expect(names.isSubset(of: allowed), "\(names)")
                let key = try #require(environment.first { $0.hasPrefix("LLAMA_API_KEY=") }?.dropFirst(14))
                #expect(try !words("cmdline").contains { $0.contains("hush") || $0.contains(key) })
            }
        }
    #endif
}

/// Unloading at any moment.
@Suite(.temporaryFolder, .timeLimit(.minutes(3))) struct UnloadTests {
    @Test("SUP-32 unloading at any moment of a load or an answer ends with an answer or a failure, and leaves nothing") func race()
        async throws
    {
        let fake = try FakeServer()
        let plan = try fake.plan("slow-answer")
        var random = SystemRandomNumberGenerator()
        var cut = 0
        for _ in 0..<100 {
            let wait = Duration.milliseconds(Int.random(in: 0...400, using: &random))
            let supervisor = Supervisor(
                server: fake.server, order: .init(plan: plan, fit: plan.fit()), recover: { failure, _ in throw failure })
            let unloading = Task {
                try await supervisor.run { supervisor in
                    let seat = try await supervisor.seat()
                    do {
                        for try await _ in try await seat.session.client.chat([ChatMessage(.user, "hi")]) {}
                    } catch { throw await seat.session.explain(error) }
                    // Whoever is cancelled sees a stream that just ends.
                    try Task.checkCancellation()
                }
            }
            try await Task.sleep(for: wait)
            unloading.cancel()
            switch await unloading.result {
            case .success: Issue.record("a word every 100 ms for a minute was cut short without a word")
            case .failure(let error):
                #expect(error is CancellationError || error is Failure, "\(error)")
                cut += 1
            }
        }
        #expect(cut == 100)
        #expect(try FileManager.default.contentsOfDirectory(atPath: TemporaryFolder.path + "/run").isEmpty)
    }
}
