// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
public import HomeWiseDomain
import HomeWiseSources
import HomeWiseStore

/// Models in archives, and in files that were cut.
extension HomeWise {
    /// What is in an archive, or in the parts that a file was cut into.
    public struct Packed: Sendable, Encodable {
        public var name: String
        /// Files of this machine that it lies in.
        public var parts: [String]
        /// Names of the files in it; its own where it is one file that was cut.
        public var files: [String]
    }

    /// Looks into an archive without unpacking it.
    ///
    /// - Returns: `nil` for a file that is neither packed nor cut.
    /// - Throws: `Failure` for an archive that is not to be unpacked: `.archiveLinkForbidden`, `.unsafePath`, `.archiveTooLarge`, …
    public func packed(at path: String) throws -> Packed? {
        guard let file = try PackedFile(path) else { return nil }
        let content = try file.content()
        let files = try content?.image?.layers ?? content?.archive.members().filter { $0.kind == .file }.map(\.name) ?? [file.name]
        return Packed(name: file.name, parts: file.parts, files: files)
    }

    /// Unpacks an archive, or joins the parts of a file, beside the store's own files, and takes in the models that are in it. Where
    /// archives are kept (`keep_compressed`), the models name it too; otherwise it is left as it is.
    ///
    /// - Parameter how: `.inPlace` leaves the archive where it is, `.copy` puts a copy of one that is kept into the store, `.move` takes
    ///   it away from where it is once all that is in it is in the store.
    /// - Returns: the models, and what in it was none.
    /// - Throws: `Failure`; then nothing was taken in and nothing is left behind.
    public func importPacked(at path: String, how: ImportWay = .inPlace, report: @escaping Report = { _ in }) throws -> (
        installed: [Installed], problems: [ScanReport.Problem]
    ) {
        guard how != .link, how != .reflink else { throw Failure.cannotShareArchive(path) }
        let path = URL(filePath: path).standardizedFileURL.path
        guard let file = try PackedFile(path) else {
            throw Failure.badInput("\(path) is no archive.", remedy: "Name a zip or tar archive, or the first part of a file that was cut.")
        }
        report(.unpacking(file.name))
        let marks = try file.parts.map { try FileMark($0) }
        let staging = store.unpackingPlace()
        do {
            let archives = world.keepCompressed ? try store.prove(archives: file.parts, how: how.adoption) : []
            defer {
                // A copy that was taken in is not there any more; one that cannot be removed is known for a leftover by its name.
                for case .fresh(let path) in archives.map(\.content) { unlink(path) }
            }
            let found = try unpack(file, source: "file:\(path)", below: staging, report, keeping: archives)
            try BundleArchive.remove(staging)
            if how == .move, !found.installed.isEmpty { leave(marks, after: found, report) }
            return (found.installed, found.problems)
        } catch {
            try BundleArchive.remove(staging)
            throw error
        }
    }

    /// What became of a packed file.
    struct Unpacked {
        var installed: [Installed] = []
        /// What was meant to be a model and is none.
        var problems: [ScanReport.Problem] = []
        /// Files of it that no model has.
        var left: [SafePath] = []
        /// Whether other things are in it that were not even looked at.
        var isImage = false
    }

    /// Puts what a file holds into a new folder below a new one.
    ///
    /// - Returns: the folder, digests of all files by their paths in it, and whether that is all that the file holds.
    func open(_ file: PackedFile, below staging: String, _ report: @escaping Report) throws -> (
        folder: String, digests: [SafePath: Digest], isAll: Bool
    ) {
        do { try FileManager.default.createDirectory(atPath: staging, withIntermediateDirectories: false) } catch {
            throw Failure.cannotWrite(path: staging, error: error)
        }
        // A model whose file's name tells nothing is named after the archive.
        let folder = "\(staging)/\(ImportName.slug(file.name.prefix { $0 != "." }))"
        let total = try file.parts.reduce(Int64(0)) { $0 + (try MappedFile(path: $1).length) }
        let content = try file.content()
        let digests = try file.unpack(content, to: folder) {
            report(.progress(name: file.name, TransferStatus(received: $0, total: total)))
        }
        return (folder, digests, content?.image == nil)
    }

    /// - Parameters:
    ///   - archives: what it lies in, proven, where it is kept; each model names them.
    ///   - wanted: “name:tag” of the one model that is to be taken in; `nil` for all.
    func unpack(
        _ file: PackedFile, source: String, below staging: String, _ report: @escaping Report, keeping archives: [ProvenFile],
        wanting wanted: String? = nil
    ) throws -> Unpacked {
        let (folder, digests, isAll) = try open(file, below: staging, report)
        var scan = try findModels(at: folder)
        let real = scan.places.first ?? folder
        for index in scan.models.indices { scan.models[index].source = source }
        if let wanted { scan.models = try scan.models.filter { try placed($0, { _ in }).key == wanted } }
        for model in scan.models { for note in try screen(model) { report(.note(note)) } }
        var (archives, left) = (archives, Set(digests.keys))
        let installed = try scan.models.map { found in
            let model = try placed(found, report)
            let bundle = try Self.bundle(of: model, below: real, digests)
            left.subtract(bundle.files.map(\.member))
            let published = try store.publish(bundle, from: folder, keeping: archives, at: world.now())
            for index in archives.indices { if case .fresh = archives[index].content { archives[index].content = .present } }
            try makeKnown(published)
            report(.installed(Installed(published)))
            return Installed(published)
        }
        // Places in a folder that is gone tell a person nothing.
        let problems = scan.problems.map {
            ScanReport.Problem($0.origin, $0.place.replacing(real + "/", with: file.name + ": "), $0.message)
        }
        return Unpacked(installed: installed, problems: problems, left: left.sorted { $0.value < $1.value }, isImage: !isAll)
    }

    /// Takes an archive away from where it was, as it was asked for, if all that is in it is in the store now.
    private func leave(_ marks: [FileMark], after found: Unpacked, _ report: Report) {
        if found.left.isEmpty, found.problems.isEmpty, !found.isImage { return clear(marks, report) }
        let names = found.left.prefix(3).map(\.value).joined(separator: ", ") + (found.left.count > 3 ? ", …" : "")
        let reason = names.isEmpty ? "not all in it is a model" : "what is in it and belongs to no model would be lost (\(names))"
        for mark in marks { report(.note("\(mark.place) is still where it was: \(reason). Remove it yourself.")) }
    }

    /// What is in the store now is taken away from where it was, as it was asked for.
    ///
    /// - Parameter marks: how the files looked before they were read: another that came into the place meanwhile is not here.
    func clear(_ marks: [FileMark], _ report: Report) {
        for mark in marks {
            let place = mark.place
            do {
                guard try FileMark(place) == mark else { throw Failure.changedMeanwhile(place) }
                try ModelStore.remove(place)
            } catch {
                let failure = Failure.wrapping(error, doing: "removing \(place)")
                report(.note("\(place) is still where it was: \(failure.message) Remove it yourself."))
            }
        }
    }

    private static func bundle(of model: FoundModel, below folder: String, _ digests: [SafePath: Digest]) throws -> ModelBundle {
        let files = try model.files.map { file in
            let member = try SafePath(untrusted: String(file.place.dropFirst(folder.utf8.count + 1)))
            guard let digest = digests[member] else { throw Failure.unreadable(path: file.place, reason: "it was not in the archive") }
            return ModelBundle.File(path: file.path, role: file.role, size: file.size, digest: digest, member: member)
        }
        return ModelBundle(
            name: model.name, tag: model.tag, format: model.format, source: model.source, owner: model.owner, files: files)
    }
}

extension Failure {
    static func cannotShareArchive(_ path: String) -> Failure {
        Failure(
            .badInput, "What is in \(path) has to be unpacked: it cannot be linked to, and not used where it is.",
            remedy: "Leave the wish out, or give --copy (the file stays) or --move (it goes once its models are in).")
    }
}
