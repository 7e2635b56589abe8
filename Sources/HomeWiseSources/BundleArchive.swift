// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

import struct Crypto.SHA256

/// Reads bundles: our own, and models in the layout that container tools write. In two phases: what is in it is looked at
/// and decided on first; then all of it is unpacked, hashed and held against what it says, before anybody sees it.
package struct BundleArchive: Sendable {
    private let archive: Archive

    /// - Parameter parts: one file, or several that it was cut into, in order.
    package init(parts: [String], name: String) { archive = Archive(parts: parts, name: name) }

    /// The first phase.
    ///
    /// - Returns: `nil` for an archive that is no bundle of any kind.
    /// - Throws: `Failure` for one that is, and is unsound: nothing was written.
    package func look() throws -> ModelBundle? {
        let names = Set(try archive.entries().map(\.trimmedName))
        guard names.contains(ModelBundle.manifestName) || names.isSuperset(of: ["oci-layout", "index.json"]) else { return nil }
        let entries = try archive.members()
        let bundle: ModelBundle
        if names.contains(ModelBundle.manifestName) {
            bundle = try sound { try ModelBundle(json: archive.bytes(of: ModelBundle.manifestName, atMost: ModelBundle.largestManifest)) }
            try check(bundle, entries, isWhole: true)
        } else {
            bundle = try image()
            try check(bundle, entries, isWhole: false)
        }
        return bundle
    }

    /// The second phase: every file that the bundle names, unpacked into a new folder under its member's name.
    ///
    /// - Throws: `Failure.digestMismatch` for a file that is not what the bundle says; then the folder is not there.
    package func unpack(_ bundle: ModelBundle, to folder: String) throws {
        let sizes = try archive.members().reduce(Int64(0)) { $0 &+ ($1.size ?? 0) }
        let unpacked = try archive.extractAll(to: folder, limit: sizes)
        do {
            let digests = Dictionary(unpacked.map { ($0.path, $0.digest) }) { first, _ in first }
            for file in bundle.files {
                guard let digest = digests[file.member] else { throw Failure.damagedArchive(archive.name, "it has no file \(file.member)") }
                guard digest == file.digest else {
                    throw Failure.bundleWrong(archive.name, file.path.value, expected: file.digest, actual: digest)
                }
            }
        } catch {
            try ArchiveFolder.remove(folder)
            throw error
        }
    }

    /// Removes what `unpack` made.
    package static func remove(_ folder: String) throws { try ArchiveFolder.remove(folder) }

    private func sound<Value>(_ body: () throws -> Value) throws -> Value {
        do { return try body() } catch let fault as FormatFault {
            throw Failure.damagedArchive(archive.name, "\(fault.field): \(fault.reason)")
        }
    }

    /// - Parameter isWhole: whether the archive may hold nothing else.
    private func check(_ bundle: ModelBundle, _ entries: [ArchiveEntry], isWhole: Bool) throws {
        let files = entries.filter { $0.kind == .file }
        let sizes = Dictionary(files.map { ($0.trimmedName, $0.size ?? -1) }) { first, _ in first }
        for file in bundle.files where sizes[file.member.value] != file.size {
            let here = sizes[file.member.value]
            throw Failure.damagedArchive(
                archive.name, here.map { "\(file.member) should have \(file.size) bytes and has \($0)" } ?? "it has no file \(file.member)")
        }
        guard !isWhole || files.count == bundle.files.count + 1 else {
            throw Failure.damagedArchive(archive.name, "it holds files that its description does not name")
        }
    }

    // MARK: Images

    private func image() throws -> ModelBundle {
        let host = archive.name
        let index = try OCIManifest(archive.bytes(of: "index.json", atMost: OCIManifest.largest), contentType: nil, host: host)
        guard case .index(let entries) = index else { throw Failure.damagedArchive(archive.name, "its index names no image") }
        let images = entries.filter { OCIManifest.imageTypes.contains($0.descriptor.mediaType) }
        guard let entry = images.first, images.count == 1, entries.count == 1 else {
            throw Failure.damagedArchive(archive.name, "it holds \(entries.count) things, and one model is wanted")
        }
        let digest = entry.descriptor.digest
        let bytes = try archive.bytes(of: ModelBundle.blob(digest).value, atMost: OCIManifest.largest)
        let actual = Digest(bytes: SHA256.hash(data: bytes))
        guard actual == digest else { throw Failure.bundleWrong(archive.name, "the manifest", expected: digest, actual: actual) }
        guard case .image(let image) = try OCIManifest(bytes, contentType: entry.descriptor.mediaType, host: host) else {
            throw Failure.damagedArchive(archive.name, "its manifest is an index")
        }
        let names = entry.descriptor.annotations
        return try ModelBundle(
            image, name: names["io.containerd.image.name"] ?? names["org.opencontainers.image.ref.name"], manifest: digest)
    }
}

extension Archive {
    /// The whole content of a small member.
    func bytes(of member: String, atMost limit: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try read(SafePath(untrusted: member), limit: Int64(limit), free: nil) { bytes.append(contentsOf: $0) }
        return bytes
    }
}

extension Failure {
    static func bundleWrong(_ archive: String, _ file: String, expected: Digest, actual: Digest) -> Failure {
        Failure(
            .digestMismatch, "\(file) in \(archive) is not what the archive says: it was damaged on the way.",
            remedy: "Nothing was taken in. Copy the archive again from where it was made.",
            detail: ["expected": "\(expected)", "actual": "\(actual)"])
    }
}
