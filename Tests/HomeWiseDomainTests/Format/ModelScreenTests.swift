// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Testing

@Suite struct ModelScreenTests {
    private static func model() -> [UInt8] {
        let model = SyntheticModel(
            layers: 1, embedding: 32, feedForward: 32, heads: 1, kvHeads: 1, headSize: 32, vocabulary: 32, type: .plain)
        let (header, length) = model.draft().header()
        return header + [UInt8](repeating: 0, count: Int(length) - header.count)
    }

    private func fault(_ format: ModelFormat, _ files: [(String, ModelFileRole, [UInt8])]) throws -> String? {
        let files = try files.map { ModelScreen.File(path: try SafePath(untrusted: $0.0), role: $0.1, source: BytePrefix($0.2)) }
        do { try ModelScreen(format: format, files: files).check() } catch let failure as Failure {
            #expect(failure.code == .malformedModel)
            return failure.detail["kind"]
        }
        return nil
    }

    @Test func whatIsSoundPasses() throws {
        #expect(try fault(.gguf, [("m.gguf", .weights, Self.model()), ("p.gguf", .projector, Self.model())]) == nil)
        #expect(try fault(.gguf, [("m.gguf", .weights, Self.model()), ("config.json", .support, Array("{}".utf8))]) == nil)
        #expect(try fault(.pytorch, [("download", .weights, Self.model())]) == nil, "an address without an ending")
    }

    @Test(
        "A5 C2 what is no model, or another than is meant, is refused by its content",
        arguments: [
            ("<html>please log in</html>", "not_this_format"), ("GGUF\u{3}", "truncated"), ("7z\u{BC}", "not_this_format"),
            ("", "not_this_format"),
        ])
    func other(_ text: String, _ kind: String) throws {
        #expect(try fault(.gguf, [("m.gguf", .weights, Array(text.utf8))]) == kind)
        #expect(try fault(.gguf, [("m.gguf", .weights, Self.model()), ("p.gguf", .projector, Array(text.utf8))]) == kind)
    }

    @Test("B1 a model that is cut short is refused") func short() throws {
        #expect(try fault(.gguf, [("m.gguf", .weights, Array(Self.model().dropLast(64)))]) == "truncated")
        #expect(try fault(.onnx, [("m.onnx", .weights, Self.model())]) == "not_this_format", "a GGUF where a graph is meant")
    }

    @Test("C4 a configuration that names code is refused") func config() throws {
        let files = [("m.gguf", ModelFileRole.weights, Self.model())]
        for text in [#"{"auto_map": {"AutoModel": "evil.py"}}"#, #"{"a": [{"b": {"trust_remote_code": true}}]}"#] {
            #expect(try fault(.gguf, files + [("config.json", .support, Array(text.utf8))]) == "code_in_config")
            #expect(try fault(.gguf, files + [("sub/tokenizer_config.json", .support, Array(text.utf8))]) == "code_in_config")
        }
        #expect(try fault(.gguf, files + [("config.json", .support, Array("{".utf8))]) != nil)
    }

    @Test("B14 a template that would exhaust its reader is refused") func template() throws {
        let files = [("m.gguf", ModelFileRole.weights, Self.model())]
        let deep = String(repeating: "(", count: 100_000)
        #expect(try fault(.gguf, files + [("chat_template.jinja", .support, Array(deep.utf8))]) == "too_large")
        #expect(try fault(.gguf, files + [("chat_template.jinja", .support, Array("{% if a %}{% endif %}".utf8))]) == nil)
    }

    @Test("C1 C2 a pickle that runs a program, or of which nobody can tell, is not kept, whatever it is called") func pickle() throws {
        // cos\nsystem\n(S'true'\ntR.
        let bomb: [UInt8] = [0x80, 2] + Array("cos\nsystem\n(X".utf8) + [4, 0, 0, 0] + Array("true".utf8) + Array("tR.".utf8)
        for name in ["pytorch_model.bin", "model.safetensors"] {
            #expect(try fault(.pytorch, [(name, .weights, bomb)]) != nil, "\(name)")
        }
    }
}
