// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
public import HomeWiseDomain
import HomeWiseSources
import HomeWiseStore

/// Models for machines without network.
extension HomeWise {
    /// What an export wrote.
    public struct Exported: Sendable, Encodable {
        public var path: String
        public var name: String
        public var tag: String
        public var files: Int
        /// Of the whole bundle.
        public var size: ByteCount
    }

    /// Writes a model that is here into one file.
    ///
    /// - Parameters:
    ///   - name: as other commands take it, with or without the quantisation.
    ///   - isReplacing: whether a file that is there may be replaced.
    /// - Throws: `Failure.badInput` for a model that is not here, `Failure.digestMismatch` for a damaged one, `Failure.diskFull`.
    public func exportModel(_ name: String, to path: String, isReplacing: Bool = false, report: @escaping Report = { _ in }) throws
        -> Exported
    {
        let model = try here(name)
        let sizes = Dictionary(model.files.map { ($0.path, $0.size) }) { first, _ in first }
        let size = try BundleWriter(store: store).write(model, to: path, isReplacing: isReplacing) { file, done in
            report(.progress(name: file.name, TransferStatus(received: done, total: sizes[file.value]?.bytes ?? done)))
        }
        return Exported(path: path, name: model.name, tag: model.tag, files: model.files.count, size: ByteCount(size))
    }

    private func here(_ name: String) throws -> InstalledModel {
        let all = try store.models()
        let lower = name.lowercased()
        if let model = all.first(where: { $0.key == lower }) { return model }
        let (info, quantization) = try registry.model(named: name)
        guard let model = all.first(where: { $0.name == info.id && (quantization == nil || $0.tag == quantization?.lowercased()) }) else {
            throw Failure.badInput("\(name) is not here.", remedy: "See what is here: homewise list")
        }
        return model
    }

    /// What a file holds, if it is a bundle: ours, or an image with a model in it; also one that was cut into parts, of which
    /// the first is named. Nothing is written.
    ///
    /// - Returns: `nil` for anything else.
    /// - Throws: `Failure` for a bundle that is unsound.
    public func bundle(at path: String) throws -> ModelBundle? {
        guard let file = try Self.bundleFile(path) else { return nil }
        return try file.look()
    }

    /// Takes the model of a bundle in. Nothing of it is seen before all of it is proven. What it says of itself is believed no
    /// more than the names of found files: it takes no name of the registry, replaces no other model, and its format is what
    /// its bytes are.
    ///
    /// - Parameter how: `.move` takes the bundle away once its model is in; it cannot be linked to.
    /// - Throws: `Failure.damagedArchive`, `Failure.digestMismatch`, `Failure.malformedModel`, `Failure.diskFull`; then nothing changed.
    public func importBundle(at path: String, how: ImportWay = .inPlace, report: @escaping Report = { _ in }) throws -> Installed {
        guard how != .link, how != .reflink else { throw Failure.cannotShareArchive(path) }
        let parts = try PackedFile.parts(of: path)?.parts ?? [path]
        guard let file = try Self.bundleFile(path), let bundle = try file.look() else {
            throw Failure.badInput("\(path) is no bundle.", remedy: "Name a file that homewise export wrote.")
        }
        report(.unpacking("\(bundle.key), \(ByteCount(bundle.size))"))
        let marks = try parts.map { try FileMark($0) }
        let staging = store.unpackingPlace()
        do {
            try file.unpack(bundle, to: staging)
            let bundle = try screened(bundle, below: staging, report)
            let model = try store.publish(bundle, from: staging, at: world.now())
            try BundleArchive.remove(staging)
            try makeKnown(model)
            for part in model.files { report(.verified(name: part.path, digest: part.digest, isPublished: true)) }
            report(.installed(Installed(model)))
            if how == .move { clear(marks, report) }
            return Installed(model)
        } catch {
            try BundleArchive.remove(staging)
            throw error
        }
    }

    /// Looks at unpacked files as at found ones.
    ///
    /// - Returns: the bundle under the name and format that it gets here.
    private func screened(_ bundle: ModelBundle, below staging: String, _ report: Report) throws -> ModelBundle {
        var bundle = bundle
        let format = try Self.format(of: "\(staging)/\(bundle.files[0].member)", called: bundle.files[0].path)
        // Members of images are called by their digests, and readers look for files beside one another under real names.
        let view = "\(staging)/\(Self.viewName)"
        let found = try FoundModel(
            name: bundle.name, tag: bundle.tag, format: format, origin: .folder, title: bundle.key, source: bundle.source,
            revision: bundle.revision, owner: bundle.owner,
            files: bundle.files.map { file in
                let place = "\(view)/\(file.path)"
                try Self.show("\(staging)/\(file.member)", as: place)
                return FoundModel.File(
                    path: file.path, role: file.role, place: place, target: place, size: file.size, modified: 0, inode: 0,
                    digest: file.digest)
            })
        for note in try screen(found) { report(.note(note)) }
        try BundleArchive.remove(view)
        let named = try named(found, in: registry)
        (bundle.name, bundle.format) = (named.name, format)
        let digests = bundle.files.map(\.digest)
        bundle.tag = try free(named.tag, of: named.name) { $0.files.map(\.digest) == digests }
        if bundle.key != found.key { report(.note("\(found.key) is another model here: this one is taken in as \(bundle.key).")) }
        return bundle
    }

    private static let viewName = ".screening"

    /// A second name, or where the disk has none a copy.
    private static func show(_ file: String, as place: String) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: (place as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            if link(file, place) != 0 { try FileManager.default.copyItem(atPath: file, toPath: place) }
        } catch { throw Failure.cannotWrite(path: place, error: error) }
    }

    private static func format(of path: String, called name: SafePath) throws -> ModelFormat {
        let file = try MappedFile(path: path)
        let start = try file.withBytes(0..<min(Int64(FormatDetection.bytesNeeded), file.length)) { [UInt8]($0) }
        switch FormatDetection.container(of: start, length: file.length).weights {
        case .gguf: return .gguf
        case .onnx: return .onnx
        case .safetensors, .pytorch: return .pytorch
        case nil:
            throw Failure.malformed(file: name.value, FormatFault(.notThisFormat, "weights", "they are of no format that HomeWise knows"))
        }
    }

    /// - Returns: `nil` for what is no tar archive.
    private static func bundleFile(_ path: String) throws -> BundleArchive? {
        let name = (path as NSString).lastPathComponent
        let parts = try PackedFile.parts(of: path)?.parts ?? [path]
        let file = try MappedFile(path: path)
        let start = try file.withBytes(0..<min(Int64(FormatDetection.bytesNeeded), file.length)) { [UInt8]($0) }
        guard FormatDetection.container(of: start, length: file.length) == .tar else { return nil }
        return BundleArchive(parts: parts, name: name)
    }
}
