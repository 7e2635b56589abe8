// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// A file or folder of this machine. Nothing proves it but its own content, which the transfer hashes like any other.
package struct FileSource: Source {
    /// A full path.
    private let path: String

    package init(path: String) { self.path = path }

    package var host: String { Self.host }
    package static let host = "this machine"

    /// More than any model has: a folder of this size was named by mistake.
    private static let mostFiles = 10_000
    private static let deepest = 6

    package func resolve(_ wish: SourceWish) async throws -> Delivery {
        let root = URL(filePath: path).standardizedFileURL
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: root.path, isDirectory: &isFolder) else {
            throw Failure.notHere(path, "there is no such file")
        }
        let files = try isFolder.boolValue ? list(root) : siblings(of: root)
        let part: RepositoryReference.Part =
            isFolder.boolValue ? .folder(quantization: nil) : .file(try SafePath(untrusted: root.lastPathComponent))
        let home = isFolder.boolValue ? root : root.deletingLastPathComponent()
        let selection = try RepositoryPicker(place: "file:\(path)", host: Self.host, files: files).pick(part, wish: wish)
        return Delivery(
            files: selection.items.map { item in
                item.delivered { file, name in
                    let url = home.appending(path: file.path.value)
                    return RemoteFile(name: name, url: url.absoluteString, size: file.size, digest: nil, source: Self.host)
                }
            }, warnings: selection.warnings)
    }

    /// The file, and for a shard those that are named like it.
    private func siblings(of file: URL) throws -> [ListedFile] {
        guard let own = try listed(file, as: file.lastPathComponent) else {
            throw Failure.notHere(path, "it is no plain file, or an empty one")
        }
        if let split = SplitName(file.lastPathComponent) {
            return try names(in: file.deletingLastPathComponent()).filter { SplitName($0)?.base == split.base }.compactMap {
                try listed(file.deletingLastPathComponent().appending(path: $0), as: $0)
            }
        }
        guard file.lastPathComponent.contains("-of-") else { return [own] }
        return try names(in: file.deletingLastPathComponent()).filter { $0.hasSuffix(".gguf") }.compactMap {
            try listed(file.deletingLastPathComponent().appending(path: $0), as: $0)
        }
    }

    private func list(_ root: URL) throws -> [ListedFile] {
        var found: [ListedFile] = []
        var folders = [(url: root, prefix: "", depth: 0)]
        while let folder = folders.popLast() {
            for name in try names(in: folder.url) where !name.hasPrefix(".") {
                let url = folder.url.appending(path: name)
                if let file = try listed(url, as: folder.prefix + name) {
                    found.append(file)
                } else if folder.depth < Self.deepest, Self.isPlainFolder(url) {
                    folders.append((url, "\(folder.prefix)\(name)/", folder.depth + 1))
                }
            }
            guard found.count <= Self.mostFiles else {
                throw Failure.unreadable(path: path, reason: "it holds more than \(Self.mostFiles) files")
            }
        }
        return found
    }

    private func names(in folder: URL) throws -> [String] {
        do { return try FileManager.default.contentsOfDirectory(atPath: folder.path) } catch {
            throw Failure.notHere(folder.path, error.localizedDescription)
        }
    }

    /// A plain file, or a link to one, as other tools' caches have them; `nil` for anything else.
    private func listed(_ url: URL, as name: String) throws -> ListedFile? {
        var status = stat()
        guard stat(url.path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 else { return nil }
        return try ListedFile(path: SafePath(untrusted: name), size: Int64(status.st_size))
    }

    /// No link: one could lead back up.
    private static func isPlainFolder(_ url: URL) -> Bool {
        var status = stat()
        return lstat(url.path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
