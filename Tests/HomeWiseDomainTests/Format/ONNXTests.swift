// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Testing

@Suite struct ONNXTests {
    private func read(_ file: [UInt8]) throws -> ONNXModel { try ONNXModel(source: BytePrefix(file)) }

    @Test func aSmallModel() throws {
        let graph =
            Proto.field(1, Proto.field(1, "x") + Proto.field(4, "MatMul"))
            + Proto.field(1, Proto.field(4, "Gelu") + Proto.field(7, "com.microsoft"))
            + Proto.field(5, ONNXBytes.tensor("w", [2, 3], data: 24)) + Proto.field(5, ONNXBytes.tensor("q", type: 3, [4], data: 4))
            + Proto.field(11, ONNXBytes.port("x", sizes: [Proto.field(2, "batch"), Proto.field(1, 128)]))
            + Proto.field(11, ONNXBytes.port("w", sizes: [])) + Proto.field(12, ONNXBytes.port("sentence_embedding", sizes: [[]]))
        let model = try read(ONNXBytes.model(graph: graph) + Proto.field(14, Proto.field(1, "model_name") + Proto.field(2, "tiny")))
        #expect(model.irVersion == 8)
        #expect(model.producer == "tests")
        #expect(model.operatorSets == ["": 17])
        #expect(model.inputs.map(\.name) == ["x"])
        #expect(model.inputs[0].shape == [.free("batch"), .fixed(128)])
        #expect(model.outputs.map(\.name) == ["sentence_embedding"])
        #expect(model.tensors.map(\.name) == ["w", "q"])
        #expect(model.tensors.map(\.byteCount) == [24, 4])
        #expect(model.tensors[0].shape == [2, 3])
        #expect(model.operators == ["MatMul": 1, "com.microsoft::Gelu": 1])
        let facts = model.facts()
        #expect(facts.name == "tiny")
        #expect(facts.parameters == 10)
        #expect(facts.weights?.bytesByType == ["FLOAT": 24, "INT8": 4])
        #expect(facts.capabilities == [.embedding])
    }

    @Test func weightsAreSkippedAndNotRead() throws {
        // The data of the first tensor is not there, and nobody asks for it.
        let tensor: [UInt8] =
            Proto.field(1, 250) + Proto.field(1, 1000) + Proto.field(2, 1) + Proto.varint(9 << 3 | 2) + Proto.varint(1_000_000)
        let node = Proto.varint(5 << 3 | 2) + Proto.varint(UInt64(tensor.count) + 1_000_000) + tensor
        let head = Proto.field(1, 8) + Proto.varint(7 << 3 | 2) + Proto.varint(UInt64(node.count) + 1_000_000) + node
        let model = try ONNXModel(source: HoledSource(head: head, length: Int64(head.count) + 1_000_000))
        #expect(model.tensors.map(\.byteCount) == [1_000_000])
    }

    @Test func packedWeightsAreCountedByTheNode() throws {
        func number(_ name: String, _ value: Int64) -> [UInt8] { Proto.field(5, Proto.field(1, name) + Proto.field(3, value)) }
        let node =
            ["x", "w_Q4", "w_scales"].flatMap { Proto.field(1, $0) } + Proto.field(4, "MatMulNBits") + number("K", 32) + number("N", 10)
            + number("bits", 4)
        let graph =
            Proto.field(1, node) + Proto.field(5, ONNXBytes.tensor("w_Q4", type: 2, [10, 1, 16], data: 160))
            + Proto.field(5, ONNXBytes.tensor("w_scales", [10], data: 40)) + Proto.field(5, ONNXBytes.tensor("norm", [8], data: 32))
        let facts = try read(ONNXBytes.model(graph: graph)).facts()
        #expect(facts.parameters == 328)
        #expect(facts.quantization == "int4")
    }

    @Test func foreignOperatorsAreNamed() throws {
        let model = try read(ONNXBytes.model(graph: []) + Proto.field(8, Proto.field(1, "evil.ops") + Proto.field(2, 1)))
        #expect(model.foreignDomains == ["evil.ops"])
    }

    // MARK: Malformed

    @Test func whatIsNoModelIsRefused() {
        #expect(throws: FormatFault.self) { try read([]) }
        #expect(throws: FormatFault.self) { try read(Proto.field(1, 8)) }
        #expect(throws: FormatFault.self) { try read(Array("<!DOCTYPE html>".utf8)) }
        let group = Proto.varint(7 << 3 | 3)
        #expect(throws: FormatFault.self) { try read(ONNXBytes.model(graph: []) + group) }
        #expect(throws: FormatFault.self) { try read(ONNXBytes.model(graph: []) + [0x38] + [UInt8](repeating: 0xFF, count: 10)) }
        #expect(throws: FormatFault.self) { try read(ONNXBytes.model(graph: []) + [0x00, 0x01]) }
        #expect(throws: FormatFault.self) { try read(Proto.field(1, 8) + Proto.field(7, 5)) }
    }

    @Test("A6 every shorter file is refused or read, never a crash") func everyPrefix() throws {
        let file = ONNXBytes.model(tensors: [
            ONNXBytes.tensor("w", [2, 3], data: 24), ONNXBytes.external("e", [("location", "w.bin"), ("length", "16")]),
        ])
        for count in 0..<file.count { #expect(throws: FormatFault.self) { try read(Array(file.prefix(count))) } }
        _ = try read(file)
    }

    @Test func sizesThatCannotBeAreRefused() {
        for shape: [Int64] in [[-1], [1 << 62, 4], [1 << 32, 1 << 31], [1 << 59, 4]] {
            #expect(throws: FormatFault.self) { try read(ONNXBytes.model(tensors: [ONNXBytes.tensor("w", shape, data: 4)])) }
        }
        #expect(throws: FormatFault.self) { try read(ONNXBytes.model(tensors: [ONNXBytes.tensor("w", [2], data: 7)])) }
    }

    @Test func graphsInGraphsHaveALimit() throws {
        func nested(_ depth: Int) -> [UInt8] {
            (0..<depth).reduce([UInt8]()) { graph, _ in Proto.field(1, Proto.field(5, Proto.field(6, graph))) }
        }
        _ = try read(ONNXBytes.model(graph: nested(31)))
        let fault = #expect(throws: FormatFault.self) { try read(ONNXBytes.model(graph: nested(2000))) }
        #expect(fault?.kind == .tooLarge)
    }

    @Test func limitsHold() {
        var limits = ONNXModel.Limits()
        limits.fields = 5
        let file = ONNXBytes.model(tensors: [ONNXBytes.tensor("w", [1], data: 4)])
        #expect(throws: FormatFault.self) { try ONNXModel(source: BytePrefix(file), limits: limits) }
        limits = ONNXModel.Limits()
        limits.entries = 0
        #expect(throws: FormatFault.self) { try ONNXModel(source: BytePrefix(file), limits: limits) }
        limits = ONNXModel.Limits()
        limits.texts = 5
        #expect(throws: FormatFault.self) { try ONNXModel(source: BytePrefix(file), limits: limits) }
    }
}

@Suite struct ONNXExternalDataTests {
    private func read(_ tensors: [[UInt8]]) throws -> ONNXModel { try ONNXModel(source: BytePrefix(ONNXBytes.model(tensors: tensors))) }

    @Test func aSoundPlaceIsKept() throws {
        let model = try read([
            ONNXBytes.external("e", [("location", "weights/m.onnx_data"), ("offset", "4096"), ("length", "16"), ("checksum", "x")])
        ])
        let external = try #require(model.tensors[0].external)
        #expect(external.location.value == "weights/m.onnx_data")
        #expect(external.offset == 4096)
        #expect(model.tensors[0].byteCount == 16)
        #expect(model.externalFiles.map(\.value) == ["weights/m.onnx_data"])
    }

    @Test(
        "C5 places outside the folder are refused",
        arguments: [
            "../x", "a/../../x", "/etc/passwd", "C:\\x", "C:/x", "C:x", "..\\x", "a\\..\\x", "./", "./x", ".", "..", "", "a/", "a//b",
            "a\u{0}b", "\u{0}", "a\nb",
            "*/_ORT_MEM_ADDR_/*", "//host/x", "\\\\host\\x", "file:///x", String(repeating: "a/", count: 600) + "x",
        ])
    func places(_ location: String) {
        let fault = #expect(throws: FormatFault.self) { try read([ONNXBytes.external("e", [("location", location), ("length", "16")])]) }
        #expect(fault?.kind == .unsafePath)
    }

    @Test("C5 a place is looked at wherever a tensor may stand") func everywhere() {
        let tensor = ONNXBytes.external("e", [("location", "../x"), ("length", "16")])
        let attribute = Proto.field(1, Proto.field(5, Proto.field(5, tensor)))
        let graphs: [[UInt8]] = [
            Proto.field(5, tensor), attribute, Proto.field(15, Proto.field(1, tensor)),
            Proto.field(1, Proto.field(5, Proto.field(10, tensor))),
            Proto.field(1, Proto.field(5, Proto.field(6, Proto.field(5, tensor)))),
            Proto.field(1, Proto.field(5, Proto.field(11, attribute))),
            Proto.field(1, Proto.field(5, Proto.field(22, Proto.field(2, tensor)))),
        ]
        for file in graphs.map(ONNXBytes.model(graph:)) + [
            ONNXBytes.model(graph: []) + Proto.field(25, Proto.field(7, Proto.field(5, Proto.field(5, tensor)))),
            ONNXBytes.model(graph: []) + Proto.field(20, Proto.field(1, Proto.field(5, tensor))),
        ] {
            let fault = #expect(throws: FormatFault.self) { try ONNXModel(source: BytePrefix(file)) }
            #expect(fault?.kind == .unsafePath)
        }
    }

    @Test("C5 a place counts also where the tensor says that it has none") func undeclared() {
        let tensor = Proto.field(1, 1) + Proto.field(2, 1) + Proto.field(13, Proto.field(1, "location") + Proto.field(2, "../x"))
        #expect(throws: FormatFault.self) { try read([tensor]) }
        #expect(throws: FormatFault.self) { try read([Proto.field(2, 1) + Proto.field(14, 1)]) }
    }

    @Test(
        "C5 offsets and lengths that are no sizes are refused",
        arguments: [
            ("offset", "-1"), ("length", "-1"), ("offset", "+1"), ("offset", " 1"), ("offset", ""), ("length", "0x10"), ("length", "16.0"),
            ("offset", "9223372036854775808"), ("offset", "9223372036854775800"), ("length", "15"), ("length", "17"), ("location", "b"),
        ])
    func sizes(_ key: String, _ value: String) {
        #expect(throws: FormatFault.self) { try read([ONNXBytes.external("e", [("location", "a"), (key, value)])]) }
    }

    @Test("C5 ranges that overlap are refused") func overlap() throws {
        func tensors(_ offset: String, _ file: String) -> [[UInt8]] {
            [
                ONNXBytes.external("a", [("location", "w"), ("offset", "100")]),
                ONNXBytes.external("b", [("location", file), ("offset", offset)]),
            ]
        }
        for offset in ["100", "115", "85"] { #expect(throws: FormatFault.self) { try read(tensors(offset, "w")) } }
        _ = try (read(tensors("116", "w")), read(tensors("84", "w")), read(tensors("100", "v")))
    }

    @Test("C5 a range beyond its file is refused") func beyond() throws {
        let model = try read([ONNXBytes.external("a", [("location", "w"), ("offset", "100")])])
        let path = try SafePath(untrusted: "w")
        try model.checkExternalData(lengths: [path: 116])
        #expect(throws: FormatFault.self) { try model.checkExternalData(lengths: [path: 115]) }
        #expect(throws: FormatFault.self) { try model.checkExternalData(lengths: [:]) }
    }
}

@Suite struct GenAIConfigTests {
    private static let text = """
        {"model": {"type": "llama", "context_length": 8192, "vocab_size": 49152, "decoder": {"filename": "model.onnx", "head_size": 64,
        "hidden_size": 576, "num_attention_heads": 9, "num_hidden_layers": 30, "num_key_value_heads": 3, "session_options": {}}}, "search": {}}
        """

    @Test func figuresOfTheDecoder() throws {
        let config = try GenAIConfig(Array(Self.text.utf8))
        #expect(config.facts.architecture == "llama")
        #expect(config.facts.contextLength == 8192)
        #expect(config.facts.layers == 30)
        #expect(config.facts.kvHeads == .all(3))
        #expect(config.facts.keySize == 64)
        #expect(config.facts.vocabulary == 49152)
        #expect(config.files.map(\.value) == ["model.onnx"])
        #expect(config.screen.isClean)
    }

    @Test("C5 files that a configuration names stay in its folder") func files() {
        let text = Self.text.replacing("model.onnx", with: "../model.onnx")
        #expect(throws: FormatFault.self) { try GenAIConfig(Array(text.utf8)) }
    }

    @Test("C4 a library for operators is refused") func library() throws {
        let text = Self.text.replacing("\"session_options\": {}", with: "\"session_options\": {\"custom_ops_library\": \"x.so\"}")
        #expect(try !GenAIConfig(Array(text.utf8)).screen.isClean)
    }
}

/// A file whose end is announced and not there: reading it is a failure of the test.
struct HoledSource: ByteSource {
    let head: [UInt8]
    let length: Int64

    func withBytes<Value>(_ range: Range<Int64>, _ body: (UnsafeRawBufferPointer) throws -> Value) throws -> Value {
        // A cursor may look a few bytes ahead of a field's tag.
        let padded = head + [UInt8](repeating: 0, count: 32)
        guard range.upperBound <= padded.count else { throw MoreBytesNeeded(upTo: range.upperBound) }
        return try padded.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[Int(range.lowerBound)..<Int(range.upperBound)])) }
    }
}
