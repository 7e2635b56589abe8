// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseEngines

/// What only the real libraries with real models can show.
@Suite(.temporaryFolder, .serialized, .timeLimit(.minutes(15))) struct TorchWorkerTests {
    private func json(_ text: String) -> Data { Data(text.utf8) }

    @Test func whatIsInstalledIsFoundDoneAndNothingIsMadeAgain() async throws {
        let house = try await TorchHouse.open()
        let plan = try await house.environment.plan()
        #expect(plan.isInstalled && plan.download == ByteCount(0))
        #expect(house.manifest.engine == "pytorch" && house.manifest.version.hasPrefix("2.13.0") && house.manifest.origin == .environment)
        #expect(house.manifest.proof.contains("wrote a token"))
        let start = ContinuousClock.now
        #expect(try await house.environment.install(plan) { Issue.record("\($0)") } == house.manifest)
        #expect(try house.environment.installed() == house.manifest)
        #expect(start.duration(to: .now) < .seconds(3))
        #expect(TorchEnvironment.readable(house.manifest).count == 2)
    }

    @Test("a real environment is proven in the sandbox that models run in") func proof() async throws {
        let house = try await TorchHouse.open()
        #expect(try await TorchProof(host: house.host).prove(house.manifest).contains("wrote a token"))
    }

    @Test("SUP-30 a real model chats by streaming, and stops when it is told to, or left") func chat() async throws {
        let house = try await TorchHouse.open()
        let arguments = ["--model", try TorchHouse.model("smollm2-hf"), "--threads", "2", "--context", "300"]
        try await house.worker.run(arguments, alias: "smollm2") { session in
            let whole = try await answer(session.client.chat([ChatMessage(.user, "What is the capital of France?")], limit: 24))
            #expect(!whole.text.isEmpty && whole.reason != nil)
            let timings = try #require(whole.timings)
            #expect(timings.promptTokens > 20 && timings.tokens > 1 && timings.tokensPerSecond > 0 && timings.promptTokensPerSecond > 0)
            try await stops(session)
            try await refuses(session)
            try await hangsUp(session)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: house.host.runFolder).isEmpty)
    }

    private func complete(_ more: String, _ session: EngineServer.Session) async throws -> TextReply.Choice {
        let body = json(#"{"prompt": "One, two, three, four,", "temperature": 0, "max_tokens": 12\#(more)}"#)
        let (status, data) = try await session.ask("POST", "/v1/completions", body)
        #expect(status == 200)
        let reply = try JSONDecoder().decode(TextReply.self, from: data)
        return try #require(reply.choices.first)
    }

    private func stops(_ session: EngineServer.Session) async throws {
        let whole = try await complete("", session)
        #expect(whole.finish_reason == "length" && whole.text.contains(" six"), "\(whole.text)")
        let stopped = try await complete(#", "stop": [" six"]"#, session)
        #expect(stopped.finish_reason == "stop" && whole.text.hasPrefix(stopped.text + " six"), "\(stopped.text)")
    }

    private func refuses(_ session: EngineServer.Session) async throws {
        let (status, data) = try await session.ask("GET", "/v1/models", key: "wrong")
        #expect(status == 401 && EngineReply.complaint(in: data) == "Invalid API Key")
        let long = String(repeating: "word ", count: 400)
        let failure = await #expect(throws: Failure.self) { try await answer(session.client.chat([ChatMessage(.user, long)])) }
        let message = failure?.message ?? ""
        #expect(message.contains("(400)") && message.contains("300") && message.contains("tokens"), "\(message)")
        let (wrongPurpose, _) = try await session.ask("POST", "/v1/embeddings", json(#"{"input": "x"}"#))
        #expect(wrongPurpose == 501)
    }

    private func hangsUp(_ session: EngineServer.Session) async throws {
        for try await part in try await session.client.complete("Once upon a time", limit: 250) {
            if case .text = part { break }
        }
        // Whatever is asked next waits for the work that nobody wants any more; tokenizing costs nothing by itself.
        let start = ContinuousClock.now
        let (status, _) = try await session.ask("POST", "/tokenize", json(#"{"content": "x"}"#))
        #expect(status == 200 && start.duration(to: .now) < .milliseconds(500), "\(start.duration(to: .now))")
    }

    @Test func embeddingsOfARealModelMeanSomething() async throws {
        let house = try await TorchHouse.open()
        let arguments = ["--model", try TorchHouse.model("minilm"), "--purpose", "embedding", "--context", "512", "--threads", "2"]
        try await house.worker.run(arguments, alias: "minilm") { session in
            let texts = [
                "A cat sits on the mat.", "A kitten is resting on a rug.",
                "The stock market fell sharply today, and nobody knows why it did.",
            ]
            let vectors = try await session.client.embed(texts)
            #expect(vectors.map(\.count) == [384, 384, 384])
            for vector in vectors { #expect(abs(product(vector, vector) - 1) < 1e-4) }
            #expect(product(vectors[0], vectors[1]) > 0.5 && product(vectors[0], vectors[2]) < 0.2)
            // Padding that is computed with would show here.
            let alone = try await session.client.embed([texts[0]])
            #expect(product(alone[0], vectors[0]) > 0.9999)
            let failure = await #expect(throws: Failure.self) {
                try await session.client.embed([String(repeating: "word ", count: 300)])
            }
            #expect(failure?.message.contains("302") == true && failure?.message.contains("256") == true, "\(failure?.message ?? "")")
        }
    }

    private func product(_ one: [Float], _ other: [Float]) -> Float { zip(one, other).reduce(0) { $0 + $1.0 * $1.1 } }

    @Test("C1 a pickle is read by consent alone, and a malicious one never") func pickles() async throws {
        let house = try await TorchHouse.open()
        let (good, bad) = (TemporaryFolder.path + "/good", TemporaryFolder.path + "/bad")
        let canary = TemporaryFolder.path + "/canary"
        try house.python(
            """
            import os, pathlib, shutil, torch
            from homewise_torch import tiny
            from safetensors.torch import load_file
            tiny.write(pathlib.Path('\(good)'))
            torch.save(load_file('\(good)/model.safetensors'), '\(good)/pytorch_model.bin')
            os.unlink('\(good)/model.safetensors')
            shutil.copytree('\(good)', '\(bad)')
            class Evil:
                def __reduce__(self):
                    return (os.system, ('touch \(canary)',))
            torch.save({'model.norm.weight': Evil()}, '\(bad)/pytorch_model.bin')
            """)
        let refused = await house.failure(["--model", good])
        #expect(refused?.message.contains("nobody agreed") == true, "\(refused?.message ?? "it started")")
        let wrote = try await house.worker.run(["--model", good, "--allow-pickle", "--context", "64"], alias: "pickle") { session in
            try await answer(session.client.complete("hello", limit: 3)).reason
        }
        #expect(wrote != nil)
        let evil = await house.failure(["--model", bad, "--allow-pickle"])
        #expect(evil?.engineCause == .badModel, "\(evil?.message ?? "it started")")
        #expect(!FileManager.default.fileExists(atPath: canary))
    }

    @Test("C4 what a model's settings would have run is never run") func code() async throws {
        let house = try await TorchHouse.open()
        let (folder, canary) = (TemporaryFolder.path + "/model", TemporaryFolder.path + "/canary")
        try house.python(
            """
            import json, pathlib
            from homewise_torch import tiny
            folder = pathlib.Path('\(folder)')
            tiny.write(folder)
            (folder / 'evil.py').write_text("open('\(canary)', 'w').write('x')\\nclass EvilTokenizer: pass\\nclass EvilModel: pass\\n")
            (folder / 'tokenizer_config.json').write_text(json.dumps(
                {'tokenizer_class': 'EvilTokenizer', 'auto_map': {'AutoTokenizer': ['evil.EvilTokenizer', None]}}))
            """)
        let failure = await house.failure(["--model", folder])
        #expect(failure?.engineCause == .badModel, "\(failure?.message ?? "it started")")
        // The converter asks for trust by itself; behind our doors it gets none.
        try house.python(
            """
            from homewise_torch.convert import shut_doors
            shut_doors()
            from transformers import AutoTokenizer
            try:
                AutoTokenizer.from_pretrained('\(folder)', trust_remote_code=True)
            except ValueError:
                sys.exit(0)
            sys.exit(1)
            """)
        #expect(!FileManager.default.fileExists(atPath: canary))
    }

    @Test func whatCannotBeLoadedIsToldByItsKind() async throws {
        let house = try await TorchHouse.open()
        let folder = TemporaryFolder.path + "/model"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let small = try TorchHouse.model("minilm")
        try FileManager.default.copyItem(atPath: small + "/config.json", toPath: folder + "/config.json")
        let weights = try FileHandle(forReadingFrom: URL(filePath: small + "/model.safetensors")).read(upToCount: 2_000_000)
        try #require(weights).write(to: URL(filePath: folder + "/model.safetensors"))
        #expect(await house.failure(["--model", folder, "--purpose", "embedding"])?.engineCause == .badModel, "cut short")
        try Data(#"{"model_type": "nonesuch"}"#.utf8).write(to: URL(filePath: folder + "/config.json"))
        let unknown = await house.failure(["--model", folder])
        #expect(unknown?.engineCause == .unsupportedModel && unknown?.message.contains("nonesuch") == true)
    }

    @Test("SUP-35 SUP-36 an environment that prints, grows and is deleted under the worker") func troubled() async throws {
        let house = try await TorchHouse.open()
        // Links, not copies: deleting these deletes nothing of the real one.
        let places = TorchPlaces(folder: TemporaryFolder.path + "/engine")
        try FileManager.default.createDirectory(atPath: places.folder, withIntermediateDirectories: true)
        try TorchHouse.run("/bin/cp", ["-al", house.places.environment, places.environment])
        try WorkerPackage(places: places).write()
        let grow = TemporaryFolder.path + "/grow"
        let site = try TorchHouse.run(places.python, ["-I", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"])
        let junk = """
            import os, threading, time
            held = []
            def noise():
                while True:
                    os.write(1, b"HTTP/1.1 200 OK\\r\\n\\r\\n{}\\n")
                    print("data: junk")
                    if os.path.exists("\(grow)") and len(held) < 40: held.append(b"x" * (1 << 20))
                    time.sleep(0.01)
            threading.Thread(target=noise, daemon=True).start()
            """
        try Data(junk.utf8).write(to: URL(filePath: site + "/sitecustomize.py"))
        let worker = OrderedWorker(
            manifest: EngineManifest(engine: TorchEnvironment.name, version: "0", origin: .environment, server: places.launcher),
            host: house.host)
        try await worker.run(["--selftest", "--context", "128", "--threads", "1", "--recycle-after-growth", "24"], alias: "troubled") {
            session in
            #expect(try await answer(session.client.complete("hello", limit: 3)).reason != nil, "what is printed is in no answer")
            #expect(try await session.wantsSuccessor() == false)
            #expect(FileManager.default.createFile(atPath: grow, contents: nil))
            let isOver = try await eventually(within: .seconds(20)) {
                _ = try await answer(session.client.complete("hello", limit: 1))
                return try await session.wantsSuccessor()
            }
            #expect(isOver, "it asks to be replaced between two requests")
            try EngineShelf.remove(places.environment)
            // What it has read is in memory; what it still needs is not there, and that is said, not waited for.
            let start = ContinuousClock.now
            do { _ = try await answer(session.client.complete("hello", limit: 3)) } catch {
                #expect((error as? Failure)?.code == .engineRefused, "\(error)")
            }
            #expect(start.duration(to: .now) < .seconds(10))
        }
        let gone = await #expect(throws: Failure.self) { try await worker.run(["--selftest"], alias: "troubled") { _ in } }
        #expect(gone?.engineCause == .missingLibrary)
        #expect(FileManager.default.isExecutableFile(atPath: house.places.python), "the real one is whole")
    }
}

private struct TextReply: Decodable {
    struct Choice: Decodable {
        var text: String
        var finish_reason: String
    }
    var choices: [Choice]
}
