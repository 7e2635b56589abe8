// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseSources
import HomeWiseStore

/// A file that a person names and that is no model by itself: an archive with models in it, or the first of the parts
/// that one file was cut into.
struct PackedFile {
    /// What the whole is called.
    let name: String
    /// Where it lies, in order.
    let parts: [String]
    /// Whether it is an archive; otherwise it is a file that was cut.
    let isArchive: Bool

    /// - Returns: `nil` for anything else.
    /// - Throws: `Failure` for a file that cannot be read, or whose other parts are not all there.
    init?(_ path: String) throws {
        let split = try Self.parts(of: path)
        if split == nil, let problem = try Self.problem(of: path) {
            throw Failure.badInput(problem, remedy: "Put all parts into one folder and name the first.")
        }
        name = split?.name ?? (path as NSString).lastPathComponent
        parts = split?.parts ?? [path]
        let file = try MappedFile(path: path)
        let start = try file.withBytes(0..<min(Int64(FormatDetection.bytesNeeded), file.length)) { [UInt8]($0) }
        switch FormatDetection.container(of: start, length: file.length) {
        case .tar, .gzip, .xz, .zstandard: isArchive = true
        // PyTorch's checkpoints are zips too.
        case .zip where !Self.isCheckpoint(name): isArchive = true
        case _ where split != nil: isArchive = false
        default: return nil
        }
    }

    /// One that was fetched, whose parts have other names here.
    ///
    /// - Returns: `nil` for what is no archive.
    init?(fetched parts: [String], called name: String) throws {
        (self.name, self.parts) = (name, parts)
        guard let first = parts.first else { return nil }
        let file = try MappedFile(path: first)
        let start = try file.withBytes(0..<min(Int64(FormatDetection.bytesNeeded), file.length)) { [UInt8]($0) }
        switch FormatDetection.container(of: start, length: file.length) {
        case .tar, .gzip, .xz, .zstandard, .zip: isArchive = true
        // The directory of a zip stands at its end: of one that was cut the first part looks like nothing.
        case _ where parts.count > 1 && start.starts(with: [0x50, 0x4B, 0x03, 0x04]): isArchive = true
        default: return nil
        }
    }

    /// Whether a name is that of an archive, or of a part of one.
    static func isArchive(named name: String) -> Bool {
        let base = SplitName(name)?.base ?? name
        return ["zip", "tar", "tgz", "txz", "gz", "xz", "zst", "zstd"].contains((base as NSString).pathExtension.lowercased())
    }

    private static func isCheckpoint(_ name: String) -> Bool {
        ["pt", "pth", "bin", "ckpt", "pkl"].contains((name as NSString).pathExtension.lowercased())
    }

    /// - Returns: the parts of the file that begins here; `nil` where this is no first part.
    static func parts(of path: String) throws -> (name: String, parts: [String])? {
        let name = (path as NSString).lastPathComponent
        guard SplitName(name) != nil else { return nil }
        let folder = (path as NSString).deletingLastPathComponent
        guard let joined = SplitName.join(try names(in: folder)).joined.first(where: { $0.parts.first == name }) else { return nil }
        return (joined.name, joined.parts.map { folder.isEmpty ? $0 : "\(folder)/\($0)" })
    }

    private static let isPacked: Set = ["gguf", "safetensors", "onnx", "zip", "tar", "tgz", "txz", "gz", "xz", "zst", "zstd"]

    /// - Throws: `Failure.unreadable` for a folder in which nobody may look for the other parts.
    private static func names(in folder: String) throws -> [String] {
        do { return try FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder) } catch {
            throw Failure.unreadable(path: folder, reason: error.localizedDescription)
        }
    }

    private static func problem(of path: String) throws -> String? {
        let folder = (path as NSString).deletingLastPathComponent
        // A name that only ends with a number is no part's.
        guard let base = SplitName((path as NSString).lastPathComponent)?.base,
            isPacked.contains((base as NSString).pathExtension.lowercased())
        else { return nil }
        return SplitName.join(try names(in: folder)).problems.first { $0.hasPrefix(base + " ") }
    }

    var archive: Archive { Archive(parts: parts, name: name) }

    /// More than any disk of ours has: the packed size and the free space are what limits it.
    private static let most: Int64 = 1 << 50

    /// What is in an archive, whose list was read once.
    struct Content {
        let archive: Archive
        /// Where it is an image of a machine: of its files only those are taken that models are made of.
        let image: ContainerImage?
    }

    /// - Returns: `nil` for a file that was cut and is no archive.
    func content() throws -> Content? {
        guard isArchive else { return nil }
        let archive = try archive.listed()
        return try Content(archive: archive, image: ContainerImage(archive))
    }

    /// Puts what it holds into a new folder.
    ///
    /// - Parameter content: as `content()` gave it.
    /// - Returns: digests of all files, by their paths in the folder.
    func unpack(_ content: Content?, to folder: String, seen: (Int64) throws -> Void) throws -> [SafePath: Digest] {
        if let image = content?.image { return try image.unpackModels(to: folder, limit: Self.most) }
        if let archive = content?.archive {
            let unpacked = try archive.extractAll(to: folder, limit: Self.most)
            return Dictionary(unpacked.map { ($0.path, $0.digest) }) { first, _ in first }
        }
        do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false) } catch {
            throw Failure.cannotWrite(path: folder, error: error)
        }
        let file = try SafePath(untrusted: name)
        let joined = try JoinedFile(path: "\(folder)/\(file)")
        for part in parts { try joined.append(part, seen: seen) }
        return [file: joined.digest]
    }
}
