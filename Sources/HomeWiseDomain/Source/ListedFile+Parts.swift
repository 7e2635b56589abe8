// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Files that a repository or folder holds cut into parts (`model.gguf.part1of2`) stand in the listing as the one file that they are.
extension ListedFile {
    private static let endings: Set = [
        "gguf", "safetensors", "onnx", "bin", "pt", "pth", "zip", "tar", "tgz", "txz", "gz", "xz", "zst", "zstd",
    ]

    /// Puts parts together that lie beside one another, where all of them are there. What is there whole as well stays so.
    static func joining(_ files: [ListedFile]) -> [ListedFile] {
        var joined: [ListedFile] = []
        var gone: Set<String> = []
        let whole = Set(files.map(\.path.value))
        for (folder, beside) in Dictionary(grouping: files, by: \.folder) {
            let byName = Dictionary(beside.map { ($0.path.name, $0) }) { first, _ in first }
            for found in SplitName.join(byName.keys).joined {
                let name = folder.isEmpty ? found.name : "\(folder)/\(found.name)"
                let parts = found.parts.compactMap { byName[$0] }
                guard let path = try? SafePath(untrusted: name), !whole.contains(name), parts.count == found.parts.count,
                    let size = sum(parts)
                else { continue }
                var file = ListedFile(path: path, size: size)
                guard endings.contains(file.ending) else { continue }
                file.isXetOnly = parts.contains(where: \.isXetOnly)
                file.parts = parts
                joined.append(file)
                gone.formUnion(parts.map(\.path.value))
            }
        }
        return joined.isEmpty ? files : files.filter { !gone.contains($0.path.value) } + joined
    }

    private static func sum(_ parts: [ListedFile]) -> Int64? {
        parts.reduce(Int64(0)) { sum, part in
            guard let sum, RemoteFile.plausibleSizes.contains(part.size) else { return nil }
            return sum + part.size <= RemoteFile.plausibleSizes.upperBound ? sum + part.size : nil
        }
    }

    /// What is fetched of it, in order: itself, or its parts.
    public var pieces: [ListedFile] { parts.isEmpty ? [self] : parts }

    /// Whether a person who names this path means this file: they may name a part of it.
    func isMeant(by path: SafePath) -> Bool { self.path == path || parts.contains { $0.path == path } }
}

extension RepositorySelection.Item {
    /// The file as a source delivers it.
    ///
    /// - Parameter remote: where one file of the listing is had.
    public func delivered(_ remote: (_ file: ListedFile, _ name: String) -> RemoteFile) -> Delivery.File {
        guard !file.parts.isEmpty else { return Delivery.File(path: path, role: role, parts: [.init(remote(file, path.name))]) }
        return Delivery.File(
            path: path, role: role, parts: file.parts.map { .init(remote($0, $0.path.name)) }, digest: file.digest, size: file.size)
    }
}
