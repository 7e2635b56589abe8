// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Picks one quantisation of a model out of a repository's file names.
public struct QuantizationPicker: Sendable {
    /// For people: which repository it is.
    public var repository: String
    private let listing: [ListedFile]

    public init(repository: String, files: [ListedFile]) {
        self.repository = repository
        listing = files
    }

    public struct Selection: Sendable, Equatable {
        /// As the publisher means it: `Q4_K_M`, `UD-Q4_K_XL`; the file's own name where it tells none.
        public var quantization: String
        /// A file, or all shards in their order.
        public var weights: [ListedFile]
        public var projector: ListedFile?
    }

    /// - Parameter wanted: a quantisation, a file's name, or `nil` for what suits most machines.
    /// - Throws: `Failure.noSuchQuantization`, `Failure.ambiguousQuantization`, `Failure.incompleteModel`, each naming what there is.
    public func pick(_ wanted: String? = nil) throws -> Selection {
        let gguf = GGUFListing(listing)
        guard !gguf.entries.isEmpty else { throw Failure.noModelFiles(repository, format: "GGUF") }
        let candidates = try wanted.map { try matches($0, in: gguf.entries) } ?? nearestToDefault(gguf.entries)
        guard let entry = candidates.first, candidates.count == 1 else {
            throw Failure.ambiguousQuantization(repository, wanted: wanted, choices: candidates.map { $0.files[0].path.value })
        }
        guard entry.isComplete else {
            throw Failure.incompleteModel(repository, file: entry.files[0].path.name, present: entry.files.count, of: entry.shards ?? 1)
        }
        return Selection(
            quantization: entry.label, weights: entry.files, projector: Self.projector(for: entry, among: gguf.projectors))
    }

    private func matches(_ wanted: String, in entries: [GGUFListing.Entry]) throws -> [GGUFListing.Entry] {
        let lower = wanted.lowercased()
        let named = entries.filter { entry in
            entry.files.contains { [lower, "\(lower).gguf"].contains($0.path.name.lowercased()) }
                || entry.stem.split(separator: "/").last?.lowercased() == lower
        }
        if !named.isEmpty { return named }
        guard let name = QuantizationName(exactly: wanted) else { throw missing(wanted, entries) }
        let same = entries.filter { $0.quantization?.base == name.base && (!name.isDynamic || $0.quantization?.isDynamic == true) }
        guard !same.isEmpty else { throw missing(wanted, entries) }
        return Self.plainest(same)
    }

    private func missing(_ wanted: String, _ entries: [GGUFListing.Entry]) -> Failure {
        var seen: Set<String> = []
        return .noSuchQuantization(repository, wanted: wanted, choices: entries.map(\.label).filter { seen.insert($0).inserted })
    }

    private func nearestToDefault(_ entries: [GGUFListing.Entry]) -> [GGUFListing.Entry] {
        let whole = entries.filter(\.isComplete)
        let usable = whole.isEmpty ? entries : whole
        guard let best = usable.map({ $0.quantization?.rank ?? 999 }).min() else { return [] }
        return Self.plainest(usable.filter { ($0.quantization?.rank ?? 999) == best })
    }

    /// Of several that differ only in how they were made, the one without a mark.
    private static func plainest(_ entries: [GGUFListing.Entry]) -> [GGUFListing.Entry] {
        let mark = { (entry: GGUFListing.Entry) in
            (entry.quantization?.isDynamic == true ? 2 : 0) + (entry.quantization?.isWeighted == true ? 1 : 0)
        }
        guard let least = entries.map(mark).min() else { return [] }
        return entries.filter { mark($0) == least }
    }

    /// The one beside the weights if there is one, in half precision if there is a choice.
    private static func projector(for entry: GGUFListing.Entry, among all: [ListedFile]) -> ListedFile? {
        let beside = all.filter { $0.folder == entry.files[0].folder }
        let order = ["F16", "BF16", "Q8_0", "F32"]
        let rank = { (file: ListedFile) in
            QuantizationName(in: file.path.name.dropLast(5)).flatMap { order.firstIndex(of: $0.base) } ?? order.count
        }
        return (beside.isEmpty ? all : beside).min { (rank($0), $0.path.value) < (rank($1), $1.path.value) }
    }
}
