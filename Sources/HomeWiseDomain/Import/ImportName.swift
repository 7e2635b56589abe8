// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Names and tags in the form that commands use, made of what other tools call their models.
public enum ImportName {
    /// Lower-case letters, digits, `-`, `_` and `.`; whatever else becomes a dash. Empty names become “model”.
    public static func slug(_ text: some StringProtocol) -> SafePath {
        var slug = ""
        for byte in text.lowercased().utf8 {
            switch byte {
            case 0x30...0x39, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "."): slug.append(Character(UnicodeScalar(byte)))
            default: if slug.last != "-" { slug.append("-") }
            }
        }
        let trimmed = slug.drop { "-._".contains($0) }.prefix(100)
        let name = String(trimmed.reversed().drop { "-._".contains($0) }.reversed())
        // Of these signs every name is safe.
        return (try? SafePath(untrusted: name.isEmpty ? "model" : name)) ?? Self.fallback
    }

    private static let fallback: SafePath = {
        guard let path = try? SafePath(untrusted: "model") else { preconditionFailure("“model” is a safe name") }
        return path
    }()

    /// The name of a model in GGUF, by its file's: without ending, shard number and quantisation.
    ///
    /// - Parameter folder: what it is called where the file's name tells nothing (`model.gguf`, `ggml-model-q4_0.gguf`).
    public static func gguf(file: some StringProtocol, folder: String?) -> SafePath {
        var stem = String(file)
        if stem.lowercased().hasSuffix(".gguf") { stem = String(stem.dropLast(5)) }
        if let shard = GGUFListing.Shard(stem) { stem = shard.stem }
        if let quantization = QuantizationName(in: stem) { stem = without(quantization, in: stem) }
        let bare = stem.lowercased().drop { "-._".contains($0) }
        let tellsNothing = ["", "model", "ggml-model", "ggml", "unsloth", "weights"].contains(
            String(bare.reversed().drop { "-._".contains($0) }.reversed()))
        return slug(tellsNothing ? repository(folder ?? "model") : Substring(stem))
    }

    /// What all shards of one GGUF model begin with; `nil` for a file of its own.
    public static func shardStem(_ file: some StringProtocol) -> String? {
        file.lowercased().hasSuffix(".gguf") ? GGUFListing.Shard(String(file.dropLast(5)))?.stem : nil
    }

    /// The last part of `org/Repo-GGUF`, without what only tells the format.
    public static func repository(_ text: String) -> Substring {
        var name = text.split(separator: "/").last ?? Substring(text)
        for ending in ["-gguf", "_gguf", ".gguf", "-onnx"] where name.lowercased().hasSuffix(ending) && name.count > ending.count {
            name = name.dropLast(ending.count)
        }
        return name
    }

    /// Cuts the name of the quantisation off, and what marks it.
    private static func without(_ quantization: QuantizationName, in stem: String) -> String {
        let separators = "-_. "
        let words = quantization.base.split(separator: "_").count
        var ends = stem.indices.filter { separators.contains(stem[$0]) }
        ends.append(stem.endIndex)
        // The last place where reading on gives the same quantisation is where it begins.
        let starts = [stem.startIndex] + ends.dropLast().map { stem.index(after: $0) }
        for (index, start) in starts.enumerated().reversed() {
            let end = ends[min(index + words - 1, ends.count - 1)]
            guard start < end, QuantizationName(exactly: stem[start..<end])?.base == quantization.base else { continue }
            var kept = stem[..<start]
            for mark in ["UD-", "i1-", "ud-"] where kept.hasSuffix(mark) { kept = kept.dropLast(mark.count) }
            return String(kept) + (end == stem.endIndex ? "" : String(stem[end...]))
        }
        return stem
    }
}
