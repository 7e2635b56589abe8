// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// `model.safetensors.index.json`: which of several files holds which tensor.
public struct SafetensorsIndex: Sendable, Equatable {
    /// File names by tensor.
    public let shardOfTensor: [String: String]
    /// Bytes of all tensors, as the index says; writers have got it wrong, so it is for display only.
    public let totalSize: Int64?

    /// The files, in the order of their names.
    public var shards: [String] { Set(shardOfTensor.values).sorted() }

    /// - Throws: `FormatFault` where it is no index, or names a file that is not a plain `….safetensors` beside it.
    public init(_ json: [UInt8]) throws(FormatFault) {
        let root = try BoundedJSON(json, field: "index", limits: .init(bytes: 64 << 20)).root
        guard let map = root["weight_map"], map.isObject else {
            throw FormatFault(.notThisFormat, "weight_map", "it is missing or no object")
        }
        var shards: [String: String] = [:]
        var sound: Set<String> = []
        for member in map.members {
            let field = "weight_map \(member.name)"
            guard let name = member.value.string else { throw .badValue(field, "it is no text") }
            if !sound.contains(name) { try sound.insert(Self.checked(name, field)) }
            shards[member.name] = name
        }
        guard !shards.isEmpty else { throw .badValue("weight_map", "it is empty") }
        shardOfTensor = shards
        totalSize = root["metadata"]?["total_size"]?.integer
    }

    private static func checked(_ name: String, _ field: String) throws(FormatFault) -> String {
        let name = try UntrustedName.fileName(name, field: field)
        guard name.hasSuffix(".safetensors") else {
            throw FormatFault(.unsafePath, field, "“\(UntrustedName.printable(name))” is no safetensors file")
        }
        return name
    }

    /// Proves that index and files speak of the same tensors.
    ///
    /// - Parameter headers: by file name; all of the shards.
    /// - Throws: `FormatFault` for a tensor that is missing, in another file than said, or in two of them.
    public func check(_ headers: [String: SafetensorsHeader]) throws(FormatFault) {
        var seen = 0
        for shard in shards {
            guard let header = headers[shard] else { throw .truncated(shard, "the file is missing") }
            for tensor in header.tensors {
                guard let home = shardOfTensor[tensor.name] else {
                    throw .badValue("tensor \(tensor.name)", "it lies in \(shard) and the index does not know it")
                }
                guard home == shard else {
                    throw FormatFault(.duplicate, "tensor \(tensor.name)", "it lies in \(shard), and in \(home) by the index")
                }
                seen += 1
            }
        }
        guard seen == shardOfTensor.count else {
            throw .badValue("weight_map", "\(shardOfTensor.count) tensors are named and \(seen) are there")
        }
    }
}
