// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseTesting
import Testing

/// ONNX models as a person has them: the libraries from the package index, real models, real answers.
@Suite(.temporaryFolder, .timeLimit(.minutes(10)), .serialized) struct OnnxProgramTests {
    private struct Row: Decodable { let embedding: [Double] }
    private struct Made: Decodable {
        let name: String
        let quantization: String
    }

    private func program(_ name: String = "home") -> Program {
        Program(home: TemporaryFolder.path + "/" + name, ["HF_ENDPOINT": "http://127.0.0.1:1"])
    }

    private func cosine(_ left: [Double], _ right: [Double]) -> Double {
        let product = zip(left, right).reduce(0) { $0 + $1.0 * $1.1 }
        let length = { (vector: [Double]) in vector.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        return product / max(length(left) * length(right), 1e-12)
    }

    @Test func anEmbedderGivesVectorsThatMeanSomething() async throws {
        let program = program()
        let outcome = try await program.run(
            "embed", "all-minilm-l6-v2", "--type", "onnx", "--json", "A cat sits on the mat.", "A kitten rests on a rug.",
            "Interest rates rose again.")
        #expect(outcome.code == 0 && outcome.story.contains("ONNX's libraries are not here yet"), "\(outcome.story)")
        let rows = try outcome.output.split(separator: "\n").map { try JSONDecoder().decode(Row.self, from: Data($0.utf8)).embedding }
        try #require(rows.count == 3 && rows.allSatisfy { $0.count == 384 })
        #expect(cosine(rows[0], rows[1]) > 0.5 && cosine(rows[0], rows[2]) < 0.25)
        let engines = try await program.run("engine", "list")
        #expect(engines.output.contains("* onnx 1.32.0"), "\(engines.output)")
        // What it cannot take whole it does not cut in silence.
        let long = try await program.run("embed", "all-minilm-l6-v2", "--type", "onnx", String(repeating: "word ", count: 900))
        #expect(long.code == 70 && long.story.contains("512"), "\(long.story)")
        let removed = try await program.run("engine", "remove", "onnx", "--yes")
        #expect(removed.code == 0)
    }

    private static let sentences = [
        "A cat sits on the mat.", "Interest rates rose again.", "The train to Hamburg is late.", "She plays the cello in an orchestra.",
        "Photosynthesis turns light into sugar.", "Where can I buy fresh bread?", "The server did not answer in time.",
        "He was born in 1879 in Ulm.", "Mix flour, eggs and milk.", "The court dismissed the case.",
        "Glaciers are melting faster than thought.",
        "My phone battery is empty.", "A prime number has two divisors.", "The goalkeeper saved the penalty.", "Please sign here and here.",
        "Rain is expected in the evening.", "The novel tells of two brothers.", "Vaccines train the immune system.",
        "Turn left after the bridge.",
        "I would like to cancel my order.",
    ]

    private func vectors(_ program: Program, _ type: String, of model: String = "all-minilm-l6-v2") async throws -> [[Double]] {
        let outcome = try await program.run("embed", model, "--type", type, "--json", input: Self.sentences.joined(separator: "\n"))
        try #require(outcome.code == 0, "\(outcome.story)")
        return try outcome.output.split(separator: "\n").map { try JSONDecoder().decode(Row.self, from: Data($0.utf8)).embedding }
    }

    @Test func allThreeEnginesMeanTheSameByASentence() async throws {
        let program = program()
        let refused = try await program.run("embed", "all-minilm-l6-v2", "--type", "pytorch", "text")
        #expect(refused.code == 69 && refused.story.contains("homewise engine install pytorch"), "\(refused.story)")
        let installed = try await program.run("engine", "install", "pytorch", "--yes")
        try #require(installed.code == 0, "\(installed.story)")
        let (onnx, torch) = try await (vectors(program, "onnx"), vectors(program, "pytorch"))
        try #require(onnx.count == 20 && torch.count == 20)
        for (left, right) in zip(onnx, torch) { #expect(cosine(left, right) >= 0.98) }
        try #require(await program.run("engine", "install", "llama.cpp").code == 0)
        let converted = try await program.run("convert", "all-minilm-l6-v2", "--to", "F16", "--json")
        try #require(converted.code == 0, "\(converted.story)")
        let made = try JSONDecoder().decode(Made.self, from: Data(converted.output.utf8))
        let llama = try await vectors(program, "gguf", of: "\(made.name):\(made.quantization)")
        try #require(llama.count == 20)
        for (left, right) in zip(llama, torch) { #expect(cosine(left, right) >= 0.999) }
        #expect(processes(naming: TemporaryFolder.path).isEmpty)
    }

    @Test func aTextModelIsTakenInAndAnswers() async throws {
        let program = program()
        let imported = try await program.run("import", TestModels.path + "/smollm2-onnx")
        try #require(imported.code == 0, "\(imported.story)")
        let outcome = try await program.run(
            "run", "smollm2:onnx", "-p", "What is the capital of France? Answer in one word.", "--max-tokens", "20", "--json")
        #expect(outcome.code == 0 && outcome.output.contains("\"answer\" : "), "\(outcome.story)")
        #expect(outcome.output.contains("predicted_per_second"))
        #expect(processes(naming: TemporaryFolder.path).isEmpty)
        // A model of another kind than was asked for is named before anything is loaded.
        let wrong = try await program.run("embed", "smollm2:onnx", "text")
        #expect(wrong.code == 64 && wrong.story.contains("gives no vectors"), "\(wrong.story)")
    }
}
