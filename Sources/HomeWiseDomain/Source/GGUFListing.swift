// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// The GGUF files of a listing, put together: shards to sets, sets to quantisations, projectors aside.
struct GGUFListing {
    /// One model in one quantisation: a file, or all shards of one.
    struct Entry: Equatable {
        /// Folder and name without ending and shard number.
        var stem: String
        var quantization: QuantizationName?
        /// In the order of the shards.
        var files: [ListedFile]
        /// How many shards there should be; `nil` for a file of its own.
        var shards: Int?

        var isComplete: Bool { shards.map { $0 == files.count } ?? true }
        var label: String { quantization?.description ?? String(stem.split(separator: "/").last ?? "") }
    }

    var entries: [Entry] = []
    var projectors: [ListedFile] = []

    init(_ files: [ListedFile]) {
        var sets: [String: [Int: ListedFile]] = [:]
        for file in files where file.ending == "gguf" {
            let stem = String(file.path.value.dropLast(5))
            let name = file.path.name.lowercased()
            if name.contains("mmproj") {
                projectors.append(file)
            } else if name.contains("imatrix") || name.hasPrefix("ggml-vocab") {
                // Aids for making models, no models.
                continue
            } else if let shard = Shard(stem) {
                sets["\(shard.stem)\u{0}\(shard.count)", default: [:]][shard.number] = file
            } else {
                entries.append(Entry(stem: stem, quantization: Self.quantization(of: stem), files: [file]))
            }
        }
        for (key, shards) in sets {
            let parts = key.split(separator: "\u{0}").map(String.init)
            let files = shards.sorted { $0.key < $1.key }.map(\.value)
            entries.append(Entry(stem: parts[0], quantization: Self.quantization(of: parts[0]), files: files, shards: Int(parts[1])))
        }
        entries = Self.withoutSecondForms(entries).sorted {
            ($0.quantization?.rank ?? 999, $0.stem) < ($1.quantization?.rank ?? 999, $1.stem)
        }
        projectors.sort { $0.path.value < $1.path.value }
    }

    /// In the file's own name, else in its folder's (`Q4_K_M/model-00001-of-00002.gguf`).
    private static func quantization(of stem: String) -> QuantizationName? {
        stem.split(separator: "/").reversed().lazy.compactMap { QuantizationName(in: $0) }.first
    }

    /// The same model whole and in shards: the whole one, or else the complete one, is enough.
    private static func withoutSecondForms(_ entries: [Entry]) -> [Entry] {
        Dictionary(grouping: entries, by: \.stem).values.flatMap { forms in
            let whole = forms.filter(\.isComplete)
            return whole.first { $0.shards == nil }.map { [$0] } ?? (whole.isEmpty ? forms : whole)
        }
    }

    /// `…-00002-of-00003`.
    struct Shard {
        var stem: String
        var number: Int
        var count: Int

        init?(_ name: some StringProtocol) {
            let parts = name.split(separator: "-", omittingEmptySubsequences: false)
            guard parts.count > 3, parts[parts.count - 2] == "of", let number = Self.number(parts[parts.count - 3]),
                let count = Self.number(parts[parts.count - 1]), (1...999).contains(count), (1...count).contains(number)
            else { return nil }
            stem = parts.dropLast(3).joined(separator: "-")
            self.number = number
            self.count = count
        }

        private static func number(_ text: some StringProtocol) -> Int? {
            text.utf8.count == 5 && text.utf8.allSatisfy { 0x30...0x39 ~= $0 } ? Int(text) : nil
        }
    }
}
