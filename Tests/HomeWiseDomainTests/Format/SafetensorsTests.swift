// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Testing

@Suite struct SafetensorsTests {
    private func read(_ file: [UInt8]) throws -> SafetensorsHeader { try SafetensorsHeader(source: BytePrefix(file)) }

    private static let two =
        #"{"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2,3],"data_offsets":[4,28]},"a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}"#

    @Test func aSoundFileIsReadFromItsFirstBytes() throws {
        let file = safetensors(Self.two, data: 28)
        let header = try SafetensorsHeader(source: BytePrefix(Array(file.prefix(8 + Self.two.utf8.count)), length: Int64(file.count)))
        let start = Int64(8 + Self.two.utf8.count)
        #expect(header.metadata == ["format": "pt"])
        #expect(header.dataStart == start)
        #expect(header.tensors.map(\.name) == ["a", "b"])
        #expect(header.tensors.map(\.type) == [.bf16, .f32])
        #expect(header.tensors[1].shape == [2, 3])
        #expect(header.tensors[1].range == (start + 4)..<(start + 28))
        #expect(header.tensors[1].elements == 6)
    }

    @Test func aPartOfAFileSaysHowMuchIsNeeded() {
        let file = safetensors(Self.two, data: 28)
        #expect(throws: MoreBytesNeeded(upTo: 8)) { try SafetensorsHeader(source: BytePrefix([1, 2], length: Int64(file.count))) }
        #expect(throws: MoreBytesNeeded(upTo: Int64(file.count - 28))) {
            try SafetensorsHeader(source: BytePrefix(Array(file.prefix(20)), length: Int64(file.count)))
        }
    }

    @Test func blanksAfterTheHeaderAndEmptyTensorsAreAllowed() throws {
        #expect(try read(safetensors("{}   ")).tensors.isEmpty)
        #expect(try read(safetensors(#"{"__metadata__":null}"#)).metadata.isEmpty)
        let header = try read(
            safetensors(
                #"{"e":{"dtype":"F32","shape":[0,9],"data_offsets":[0,0]},"s":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}"#, data: 1))
        #expect(header.tensors.map(\.elements) == [0, 1])
    }

    @Test func everyTypeHasItsSize() throws {
        for type in SafetensorsType.allCases {
            let bytes = type.bits
            let header = #"{"t":{"dtype":"\#(type.rawValue)","shape":[8],"data_offsets":[0,\#(bytes)]}}"#
            #expect(try read(safetensors(header, data: Int(bytes))).tensors[0].type == type)
        }
    }

    // MARK: C6

    @Test("C6 a header length of zero is refused") func zeroLength() { refused(little(UInt64(0)) + Array("{}".utf8), .badValue) }

    @Test("C6 a header length over 100 MB is refused", arguments: [100_000_001, 1 << 31, 1 << 62, UInt64.max])
    func hugeLength(_ count: UInt64) {
        let fault = #expect(throws: FormatFault.self) { try SafetensorsHeader(source: BytePrefix(little(count), length: .max)) }
        #expect(fault?.kind == .tooLarge)
    }

    @Test("C6 a header that is longer than the file is refused") func longerThanFile() {
        refused(little(UInt64(3)) + Array("{}".utf8), .truncated)
        refused([1, 0, 0], .truncated)
    }

    @Test("C6 a header without a brace at its beginning is refused") func noBrace() {
        refused(safetensors(" {}"), .notThisFormat)
        refused(safetensors("[]"), .notThisFormat)
    }

    @Test("C6 bad UTF-8 is refused") func badText() { refused(safetensors(Array("{\"".utf8) + [0xFF] + Array("\":1}".utf8)), .badValue) }

    @Test("C6 a duplicate key is refused, also by escapes") func duplicates() {
        let tensor = #"{"dtype":"U8","shape":[1],"data_offsets":[0,1]}"#
        refused(safetensors(#"{"A":\#(tensor),"A":\#(tensor)}"#, data: 1), .duplicate)
        refused(safetensors(#"{"A":\#(tensor),"\u0041":\#(tensor)}"#, data: 1), .duplicate)
        refused(safetensors(#"{"A":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, data: 1), .duplicate)
    }

    @Test("C6 a hole is refused") func hole() {
        refused(safetensors(#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#, data: 2), .badValue)
        refused(
            safetensors(
                #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}"#, data: 3),
            .badValue)
    }

    @Test("C6 an overlap is refused") func overlap() {
        refused(
            safetensors(
                #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#, data: 3),
            .badValue)
    }

    @Test("C6 an end before the begin is refused") func endBeforeBegin() {
        refused(
            safetensors(
                #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[0],"data_offsets":[2,1]}}"#, data: 2),
            .badValue)
    }

    @Test(
        "C6 a shape whose product wraps is refused",
        arguments: [
            "[4294967296,4294967296]", "[9223372036854775807,2]", "[2305843009213693952,8]", "[4611686018427387904]",
            "[18446744073709551615]",
            "[4294967296,4294967296,0]",
        ])
    func wrap(_ shape: String) { refused(safetensors(#"{"a":{"dtype":"F32","shape":\#(shape),"data_offsets":[0,0]}}"#), .tooLarge) }

    @Test("C6 elements that do not end at a byte are refused") func subByte() {
        refused(safetensors(#"{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}}"#, data: 2), .badValue)
        refused(safetensors(#"{"a":{"dtype":"F6_E2M3","shape":[2],"data_offsets":[0,2]}}"#, data: 2), .badValue)
        #expect(throws: Never.self) { try read(safetensors(#"{"a":{"dtype":"F4","shape":[4],"data_offsets":[0,2]}}"#, data: 2)) }
    }

    @Test("C6 bytes that belong to no tensor are refused") func trailing() {
        refused(safetensors(#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, data: 2), .badValue)
        refused(safetensors("{}", data: 1), .badValue)
        refused(safetensors(#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}"#, data: 1), .truncated)
    }

    @Test("C6 a depth of 100,000 is refused") func depth() {
        refused(safetensors(#"{"a":"# + String(repeating: "[", count: 100_000)), .tooLarge)
    }

    @Test("C6 metadata that is no text is refused", arguments: [#"{"a":1}"#, #"{"a":null}"#, #"{"a":["b"]}"#, "[]", "\"x\"", "1"])
    func metadata(_ value: String) { refused(safetensors(#"{"__metadata__":\#(value)}"#), .badValue) }

    @Test(
        "C6 a tensor that is not described in full is refused",
        arguments: [
            "{}", "null", #"["U8",[1],[0,1]]"#, #"{"dtype":"U8","shape":[1]}"#, #"{"dtype":8,"shape":[1],"data_offsets":[0,1]}"#,
            #"{"dtype":"U8","shape":1,"data_offsets":[0,1]}"#, #"{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}"#,
            #"{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}"#, #"{"dtype":"U8","shape":[1],"data_offsets":[0]}"#,
            #"{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}"#, #"{"dtype":"U8","shape":[1],"data_offsets":[0,"1"]}"#,
            #"{"dtype":"U8","shape":[2],"data_offsets":[0,1]}"#,
        ])
    func incomplete(_ tensor: String) { refused(safetensors(#"{"a":\#(tensor)}"#, data: 1), .badValue) }

    @Test func anUnknownTypeIsNamed() {
        refused(safetensors(#"{"a":{"dtype":"Q9","shape":[1],"data_offsets":[0,1]}}"#, data: 1), .unsupported)
    }

    private func refused(_ file: [UInt8], _ kind: FormatFault.Kind) {
        let fault = #expect(throws: FormatFault.self) { try read(file) }
        #expect(fault?.kind == kind)
    }
}

@Suite struct SafetensorsIndexTests {
    private static let index = #"{"metadata":{"total_size":5},"weight_map":{"a":"m-1.safetensors","b":"m-2.safetensors"}}"#

    private func header(_ name: String) throws -> SafetensorsHeader {
        try SafetensorsHeader(source: BytePrefix(safetensors(#"{"\#(name)":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, data: 1)))
    }

    @Test func shardsAreNamedOnce() throws {
        let index = try SafetensorsIndex(Array(Self.index.utf8))
        #expect(index.shards == ["m-1.safetensors", "m-2.safetensors"])
        #expect(index.totalSize == 5)
        try index.check(["m-1.safetensors": header("a"), "m-2.safetensors": header("b")])
    }

    @Test func indexAndShardsMustAgree() throws {
        let index = try SafetensorsIndex(Array(Self.index.utf8))
        let (a, b) = try (header("a"), header("b"))
        #expect(throws: FormatFault.self) { try index.check(["m-1.safetensors": a]) }
        #expect(throws: FormatFault.self) { try index.check(["m-1.safetensors": b, "m-2.safetensors": a]) }
        #expect(throws: FormatFault.self) { try index.check(["m-1.safetensors": a, "m-2.safetensors": header("c")]) }
        #expect(throws: FormatFault.self) {
            try index.check(["m-1.safetensors": a, "m-2.safetensors": SafetensorsHeader(source: BytePrefix(safetensors("{}")))])
        }
    }

    @Test(
        "C6 shards are plain names beside the index",
        arguments: [
            "../m.safetensors", "/m.safetensors", "a/m.safetensors", "C:m.safetensors", "..\\\\m.safetensors", ".safetensors", "m.bin", "",
            "m\\u0000.safetensors",
            "-m.safetensors",
        ])
    func unsafeNames(_ name: String) {
        let fault = #expect(throws: FormatFault.self) { try SafetensorsIndex(Array(#"{"weight_map":{"a":"\#(name)"}}"#.utf8)) }
        #expect(fault?.kind == .unsafePath)
    }
}

@Suite struct SafetensorsSummaryTests {
    private func summary(_ tensors: [(name: String, type: String, shape: [Int], bytes: Int)], bits: Int? = nil) throws -> SafetensorsSummary
    {
        var end = 0
        let entries = tensors.map { tensor in
            defer { end += tensor.bytes }
            return
                #""\#(tensor.name)":{"dtype":"\#(tensor.type)","shape":\#(tensor.shape),"data_offsets":[\#(end),\#(end + tensor.bytes)]}"#
        }
        let file = safetensors("{\(entries.joined(separator: ","))}", data: end)
        return try SafetensorsSummary([SafetensorsHeader(source: BytePrefix(file))], packedBits: bits)
    }

    @Test func partsOfTheModelAreToldApart() throws {
        let summary = try summary([
            ("model.embed_tokens.weight", "BF16", [10, 4], 80), ("lm_head.weight", "BF16", [10, 4], 80),
            ("model.layers.0.mlp.experts.3.up_proj.weight", "BF16", [4, 4], 32), ("model.norm.weight", "F32", [4], 16),
            ("attn.bias_mask", "BOOL", [4], 4), ("position_ids", "I64", [2], 16),
        ])
        #expect(summary.parameters == 40 + 40 + 16 + 4)
        #expect(summary.expertParameters == 16)
        #expect(summary.dominantType == "BF16")
        #expect(
            summary.weights
                == .init(
                    totalBytes: 228, bytesByType: ["BF16": 192, "F32": 16, "BOOL": 4, "I64": 16], embeddingBytes: 80, outputBytes: 80,
                    expertBytes: 32))
    }

    @Test func packedWeightsAreCountedOneByOne() throws {
        let gptq = try summary([("q.qweight", "I32", [2, 4], 32), ("q.scales", "F16", [4], 8), ("q.qzeros", "I32", [1], 4)])
        #expect(gptq.parameters == 64)
        let mlx = try summary([("q.weight", "U32", [2, 4], 32), ("q.scales", "F16", [4], 8), ("q.biases", "F16", [4], 8)], bits: 8)
        #expect(mlx.parameters == 32)
        let openai = try summary([("e_blocks", "U8", [6], 6), ("e_scales", "U8", [1], 1)])
        #expect(openai.parameters == 12)
    }
}
