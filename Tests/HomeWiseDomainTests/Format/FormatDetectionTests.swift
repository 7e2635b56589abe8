// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Testing

@Suite struct FormatDetectionTests {
    @Test func theFirstBytesTell() {
        let zip = PickleBytes.archive().bytes
        let tar = [UInt8](repeating: 0x61, count: 257) + Array("ustar".utf8) + [UInt8](repeating: 0, count: 250)
        let files: [(bytes: [UInt8], container: FormatDetection.Container)] = [
            (Array("GGUF".utf8) + little(UInt32(3)), .gguf), (safetensors("{}"), .safetensors), (zip, .zip),
            (PickleBytes.legacy(), .pickle),
            (PickleBytes.dictionary(), .pickle), (ONNXBytes.model(graph: []), .onnx),
            ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C, 0, 4], .sevenZip),
            ([0x1F, 0x8B, 8, 0], .gzip), (tar, .tar), (Array("<!DOCTYPE html><title>Sign in</title>".utf8), .text),
            (Array("{\"error\":1}".utf8), .text),
            ([], .unknown), ([0, 1, 2, 3], .unknown),
        ]
        for file in files { #expect(FormatDetection.container(of: file.bytes, length: Int64(file.bytes.count)) == file.container) }
    }

    @Test func aLengthBeyondTheFileIsNoSafetensors() {
        let bytes = little(UInt64(50)) + Array("{}".utf8)
        #expect(FormatDetection.container(of: bytes) == .safetensors)
        #expect(FormatDetection.container(of: bytes, length: 10) == .unknown)
    }

    @Test func onlyFormatsOfWeightsHaveAContainer() {
        #expect(FormatDetection.Container.zip.weights == .pytorch)
        #expect(FormatDetection.Container.gguf.weights == .gguf)
        #expect(FormatDetection.Container.sevenZip.weights == nil)
    }
}

/// Small damage to sound files: a parser may read or refuse them, and nothing else may happen.
@Suite struct FormatFuzzTests {
    private static let rounds = 20_000

    @Test func theMutatorRepeatsItself() {
        var (first, second, other) = (Mutator(seed: 1), Mutator(seed: 1), Mutator(seed: 2))
        let sound = [UInt8](repeating: 5, count: 64)
        let changed = (0..<50).map { _ in first.mutate(sound) }
        #expect(changed == (0..<50).map { _ in second.mutate(sound) })
        #expect(changed != (0..<50).map { _ in other.mutate(sound) })
        #expect(changed.filter { $0 != sound }.count > 40)
    }

    @Test func damagedSafetensors() throws {
        let header = #"{"__metadata__":{"f":"p"},"a":{"dtype":"F16","shape":[2,1],"data_offsets":[0,4]}}"#
        var mutator = Mutator(seed: 6)
        let sound = safetensors(header, data: 4)
        var refused = 0
        for _ in 0..<Self.rounds {
            let file = mutator.mutate(sound)
            do {
                let tensors = try SafetensorsHeader(source: BytePrefix(file)).tensors
                // What is accepted lies in the file, one after the other.
                #expect(tensors.last?.range.upperBound ?? Int64(file.count) == Int64(file.count))
            } catch is FormatFault {
                refused += 1
            }
        }
        #expect(refused > Self.rounds / 2)
    }

    @Test func damagedConfigurations() throws {
        let sound = Array(
            #"{"model_type":"x","num_hidden_layers":2,"hidden_size":8,"vocab_size":9,"num_attention_heads":2,"layer_types":["mamba",null]}"#
                .utf8)
        try run(seed: 4, sound) { _ = try HuggingFaceConfig(.init(config: $0)) }
    }

    @Test func damagedONNX() throws {
        let sound = ONNXBytes.model(tensors: [
            ONNXBytes.tensor("w", [2], data: 8), ONNXBytes.external("e", [("location", "w"), ("offset", "9")]),
        ])
        try run(seed: 5, sound) { _ = try ONNXModel(source: BytePrefix($0)) }
    }

    @Test func damagedPickles() throws {
        let sound = PickleBytes.dictionary()
        try run(seed: 1, sound) { pickle in
            let listing = PickleListing(pickle[...])
            guard listing.verdict.isAllowed else { return }
            #expect(listing.globals.allSatisfy { $0.hasPrefix("torch.") || $0 == "collections.OrderedDict" })
        }
    }

    @Test func damagedArchives() throws {
        var zip = PickleBytes.archive()
        zip.entries = [zip.entries[0], zip.entries[2]]
        let sound = zip.bytes
        try run(seed: 2, rounds: Self.rounds / 5, sound) { _ = try PyTorchArchive.label(of: BytePrefix($0)) }
    }

    @Test func damagedBeginnings() throws {
        try run(seed: 3, Array(PickleBytes.legacy().prefix(40))) { _ = FormatDetection.container(of: $0, length: Int64($0.count)) }
    }

    /// Only faults of the format may come out.
    private func run(seed: UInt64, rounds: Int = rounds, _ sound: [UInt8], _ parse: ([UInt8]) throws -> Void) throws {
        var mutator = Mutator(seed: seed)
        for _ in 0..<rounds {
            do {
                try parse(mutator.mutate(sound))
            } catch is FormatFault {
                continue
            }
        }
    }
}
