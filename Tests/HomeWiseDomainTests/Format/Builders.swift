// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Little-endian bytes of a number.
func little<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    (0..<(Number.bitWidth / 8)).map { UInt8(truncatingIfNeeded: number >> Number($0 * 8)) }
}

/// A safetensors file of a header as it is spelled, and that many bytes of data.
func safetensors(_ header: String, data: Int = 0) -> [UInt8] { safetensors(Array(header.utf8), data: data) }

func safetensors(_ header: [UInt8], data: Int = 0) -> [UInt8] {
    little(UInt64(header.count)) + header + [UInt8](repeating: 7, count: data)
}

/// Protobuf messages, as their encoders make them.
enum Proto {
    static func varint(_ value: UInt64) -> [UInt8] {
        value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7F) | 0x80] + varint(value >> 7)
    }

    static func field(_ number: Int, _ value: Int64) -> [UInt8] { varint(UInt64(number) << 3) + varint(UInt64(bitPattern: value)) }

    static func field(_ number: Int, _ bytes: [UInt8]) -> [UInt8] { varint(UInt64(number) << 3 | 2) + varint(UInt64(bytes.count)) + bytes }

    static func field(_ number: Int, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }
}

/// Parts of ONNX models.
enum ONNXBytes {
    static func tensor(_ name: String, type: Int64 = 1, _ shape: [Int64], data: Int) -> [UInt8] {
        Proto.field(1, shape.flatMap { Proto.varint(UInt64(bitPattern: $0)) }) + Proto.field(2, type) + Proto.field(8, name)
            + Proto.field(9, [UInt8](repeating: 1, count: data))
    }

    /// A tensor of four FLOATs whose data lies elsewhere.
    static func external(_ name: String, _ entries: [(key: String, value: String)]) -> [UInt8] {
        Proto.field(1, 4) + Proto.field(2, 1) + Proto.field(8, name) + Proto.field(14, 1)
            + entries.flatMap { Proto.field(13, Proto.field(1, $0.key) + Proto.field(2, $0.value)) }
    }

    static func port(_ name: String, sizes: [[UInt8]]) -> [UInt8] {
        let shape = sizes.flatMap { Proto.field(1, $0) }
        return Proto.field(1, name) + Proto.field(2, Proto.field(1, Proto.field(1, 7) + Proto.field(2, shape)))
    }

    static func model(graph: [UInt8]) -> [UInt8] {
        Proto.field(1, 8) + Proto.field(2, "tests") + Proto.field(8, Proto.field(1, "") + Proto.field(2, 17)) + Proto.field(7, graph)
    }

    static func model(tensors: [[UInt8]]) -> [UInt8] { model(graph: tensors.flatMap { Proto.field(5, $0) }) }
}

/// A ZIP archive in the manner of PyTorch: stored, sizes after the data, a long and a short end.
struct ZipBytes {
    struct Entry {
        var name: String
        var data: [UInt8]
        var localName: String?
        var flags: UInt16 = 0x0808
        var method: UInt16 = 0
        var checksum: UInt32?
        /// What the directory says in place of the data's own size.
        var size: UInt32?
        /// Bytes that stand before the entry.
        var before: [UInt8] = []
        /// Where the directory says that it begins, if not where it does.
        var offset: UInt32?
    }

    var entries: [Entry]
    var end: [UInt8] = []
    var isLong = true

    var bytes: [UInt8] {
        var file: [UInt8] = []
        var directory: [UInt8] = []
        for entry in entries {
            file += entry.before
            let sum = entry.checksum ?? Self.checksum(entry.data)
            let size = entry.size ?? UInt32(entry.data.count)
            directory += little(UInt32(0x0201_4B50)) + [0, 0, 0, 0] + little(entry.flags) + little(entry.method) + [0, 0, 0, 0]
            directory +=
                little(sum) + little(size) + little(size) + little(UInt16(entry.name.utf8.count)) + [UInt8](repeating: 0, count: 12)
            directory += little(entry.offset ?? UInt32(file.count)) + Array(entry.name.utf8)
            file += Self.local(entry, sum)
        }
        let start = file.count
        file += directory
        if isLong {
            let place = file.count
            file += little(UInt32(0x0606_4B50)) + little(UInt64(44)) + [UInt8](repeating: 0, count: 12)
            for figure in [entries.count, entries.count, directory.count, start] { file += little(UInt64(figure)) }
            file += little(UInt32(0x0706_4B50)) + little(UInt32(0)) + little(UInt64(place)) + little(UInt32(1))
        }
        file += little(UInt32(0x0605_4B50)) + little(UInt32(0)) + little(UInt16(entries.count)) + little(UInt16(entries.count))
        return file + little(UInt32(directory.count)) + little(UInt32(start)) + little(UInt16(0)) + end
    }

    private static func local(_ entry: Entry, _ sum: UInt32) -> [UInt8] {
        let name = Array((entry.localName ?? entry.name).utf8)
        // PyTorch pads the data to 64 bytes with an extra field “FB”.
        let extra: [UInt8] = [0x46, 0x42, 4, 0, 0x5A, 0x5A, 0x5A, 0x5A]
        let follows = entry.flags & 8 != 0
        let size = UInt32(entry.data.count)
        var bytes = little(UInt32(0x0403_4B50)) + [0, 0] + little(entry.flags) + little(entry.method) + [0, 0, 0, 0]
        bytes += follows ? [UInt8](repeating: 0, count: 12) : little(sum) + little(size) + little(size)
        bytes += little(UInt16(name.count)) + little(UInt16(extra.count)) + name + extra + entry.data
        return follows ? bytes + little(UInt32(0x0807_4B50)) + little(sum) + little(size) + little(size) : bytes
    }

    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var sum = ~UInt32(0)
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
        }
        return ~sum
    }
}

/// Pickles, opcode by opcode.
enum PickleBytes {
    static func text(_ text: String) -> [UInt8] { [UInt8(ascii: "X")] + little(UInt32(text.utf8.count)) + Array(text.utf8) }
    static func global(_ module: String, _ name: String) -> [UInt8] { Array("c\(module)\n\(name)\n".utf8) }
    static func int(_ value: UInt8) -> [UInt8] { [UInt8(ascii: "K"), value] }

    /// The arguments and the call that make a tensor of 2 by 3 F32.
    static func tensor(storage: String = "0", elements: UInt8 = 6, module: String = "torch._utils", name: String = "_rebuild_tensor_v2")
        -> [UInt8]
    {
        global(module, name) + [UInt8(ascii: "("), UInt8(ascii: "(")] + text("storage") + global("torch", "FloatStorage") + text(storage)
            + text("cpu") + int(elements) + Array("tQ".utf8) + int(0) + int(2) + int(3) + [0x86] + int(3) + int(1) + [0x86, 0x89]
            + global("collections", "OrderedDict") + Array(")RtR".utf8)
    }

    /// A state dictionary of one tensor, in protocol 2, as PyTorch writes it.
    static func dictionary(_ tensor: [UInt8] = tensor()) -> [UInt8] {
        [0x80, 2] + global("collections", "OrderedDict") + Array(")R".utf8) + [UInt8(ascii: "q"), 0, UInt8(ascii: "(")]
            + text("layer.weight")
            + tensor + Array("u}".utf8) + text("_metadata") + global("collections", "OrderedDict") + Array(")Rsb.".utf8)
    }

    /// A checkpoint with that pickle and 24 bytes of one storage.
    static func archive(_ pickle: [UInt8] = dictionary()) -> ZipBytes {
        ZipBytes(entries: [
            .init(name: "model/data.pkl", data: pickle), .init(name: "model/byteorder", data: Array("little".utf8)),
            .init(name: "model/data/0", data: [UInt8](repeating: 1, count: 24)), .init(name: "model/version", data: Array("3\n".utf8)),
        ])
    }

    /// The older form of the same.
    static func legacy(_ pickle: [UInt8] = dictionary()) -> [UInt8] {
        let start: [UInt8] = [
            0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E, 0x80, 2, 0x4D, 0xE9, 3, 0x2E,
        ]
        let machine = [0x80, 2] + Array("}(".utf8) + text("little_endian") + [0x88] + Array("u.".utf8)
        let keys = [0x80, 2] + Array("]".utf8) + text("0") + Array("a.".utf8)
        return start + machine + pickle + keys + little(UInt64(6)) + [UInt8](repeating: 1, count: 24)
    }
}
