// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// The cache of the Hugging Face hub's tools, and of newer llama.cpp: `models--org--repo` with `refs`, `snapshots` of
/// links, and `blobs`. Links are followed inside the cache alone.
struct HubCacheScan {
    let folder: ScanFolder
    let origin: FoundModel.Origin

    func run() throws -> ScanReport {
        var report = ScanReport()
        for entry in try folder.entries("") {
            guard let repository = HubCacheName.repository(entry.name) else { continue }
            guard entry.kind == .folder else {
                report.problems.append(.init(origin, folder.absolute(entry.name), "It is no folder, and was not followed."))
                continue
            }
            do { try report.add(self.repository(repository, in: entry.name)) } catch let failure as Failure {
                report.problems.append(.init(origin, folder.absolute(entry.name), failure.message))
            }
        }
        return report
    }

    private func repository(_ repository: String, in place: String) throws -> ScanReport {
        var report = ScanReport()
        let folders = Set(try folder.entries(place).filter { $0.kind == .folder }.map(\.name))
        if folders.contains("blobs") {
            for blob in try folder.entries("\(place)/blobs") where blob.name.hasSuffix(".incomplete") {
                report.problems.append(
                    .init(origin, folder.absolute("\(place)/blobs/\(blob.name)"), "It is an unfinished download of \(repository)."))
            }
        }
        guard folders.contains("snapshots") else { return report }
        let branches = folders.contains("refs") ? try references(place) : [:]
        for commit in try folder.entries("\(place)/snapshots") where commit.kind == .folder && HubCacheName.isCommit(commit.name) {
            try report.add(snapshot(commit.name, of: repository, in: place, branches[commit.name] ?? []))
        }
        // Where several commits hold the very same files, the one that a branch stands for is enough.
        var seen: Set<Set<String>> = []
        report.models = report.models.sorted { Self.rank($0, branches) < Self.rank($1, branches) }
            .filter { seen.insert(Set($0.files.map { "\($0.path) \($0.target)" })).inserted }
        return report
    }

    private static func rank(_ model: FoundModel, _ branches: [String: [String]]) -> Int {
        let names = branches[model.revision ?? ""] ?? []
        return names.contains("main") ? 0 : names.isEmpty ? 2 : 1
    }

    /// - Returns: names of branches by commit.
    private func references(_ place: String) throws -> [String: [String]] {
        var names: [String: [String]] = [:]
        for entry in try folder.walk("\(place)/refs", follows: false, refused: { _, _ in }) {
            guard let text = try? folder.read("\(place)/refs/\(entry.path)", atMost: 200) else { continue }
            let commit = String(decoding: text, as: UTF8.self).filter { !$0.isWhitespace }
            if HubCacheName.isCommit(commit) { names[commit, default: []].append(entry.path.value) }
        }
        return names
    }

    private func snapshot(_ commit: String, of repository: String, in place: String, _ branches: [String]) throws -> ScanReport {
        var report = ScanReport()
        let home = "\(place)/snapshots/\(commit)"
        let walked = try folder.walk(home, follows: true) { refused, message in
            report.problems.append(.init(origin, folder.absolute(refused), message))
        }
        let files = FoundFiles(folder: folder, home: home, walked: walked) { file in
            // In the store that repositories share, names are of another hash.
            let parts = file.target.dropFirst(folder.absolute(place).count + 1).split(separator: "/")
            return file.target.hasPrefix(folder.absolute(place) + "/blobs/")
                ? parts.last.flatMap { HubCacheName.digest(ofBlob: String($0)) } : nil
        }
        let groups = ModelGroups(files.listing, folder: repository)
        let owner = repository.split(separator: "/").count == 2 ? repository.split(separator: "/").first.map(String.init) : nil
        for group in groups.groups {
            let first = group.files[0].file.path
            let part = group.format == .gguf ? "/\(first)" : ""
            files.take(
                group, into: &report, origin: origin, title: repository, source: "hf:\(repository)\(part)@\(commit)", revision: commit,
                owner: owner)
        }
        files.report(groups.problems, into: &report, origin: origin)
        return report
    }
}

/// Files of one folder on their way to becoming models: named, checked by their first bytes, put together.
struct FoundFiles {
    private let folder: ScanFolder
    private let home: String
    private let byPath: [SafePath: ScanFolder.File]
    private let digest: (ScanFolder.File) -> Digest?

    init(folder: ScanFolder, home: String, walked: [ScanFolder.Walked], digest: @escaping (ScanFolder.File) -> Digest? = { _ in nil }) {
        self.folder = folder
        self.home = home
        self.digest = digest
        byPath = Dictionary(walked.map { ($0.path, $0.file) }) { first, _ in first }
    }

    var listing: [ListedFile] {
        byPath.map { ListedFile(path: $0.key, size: $0.value.print.size, digest: digest($0.value)) }.sorted {
            $0.path.value < $1.path.value
        }
    }

    /// Adds a group as a model, or says why it is none.
    func take(
        _ group: ModelGroups.Group, into report: inout ScanReport, origin: FoundModel.Origin, title: String, source: String,
        revision: String? = nil, owner: String? = nil
    ) {
        do {
            var quantization = group.quantization
            var files: [FoundModel.File] = []
            for (listed, path, role) in group.files {
                guard let file = byPath[listed.path] else { continue }
                if role == .weights { try check(file, path, group.format) }
                files.append(
                    .init(
                        file, path: path, role: role, place: folder.absolute(ScanFolder.join(home, listed.path.value)),
                        digest: listed.digest))
            }
            guard let first = files.first else { return }
            if quantization == nil, group.format == .gguf { quantization = Self.quantization(ofGGUF: first.target) }
            let tag = ImportName.slug(quantization ?? (group.format == .onnx ? "onnx" : group.format == .pytorch ? "safetensors" : "gguf"))
            report.models.append(
                FoundModel(
                    name: group.name, tag: tag, format: group.format, origin: origin, title: title, source: source, revision: revision,
                    owner: owner, files: files, notes: group.notes))
        } catch {
            let place = folder.absolute(ScanFolder.join(home, group.files[0].file.path.value))
            report.problems.append(.init(origin, place, Failure.wrapping(error, doing: "looking at \(place)").message))
        }
    }

    func report(_ problems: [(path: String, message: String)], into report: inout ScanReport, origin: FoundModel.Origin) {
        for problem in problems {
            report.problems.append(.init(origin, folder.absolute(ScanFolder.join(home, problem.path)), problem.message))
        }
    }

    /// Names lie easily: a web page may be called `model.gguf`.
    private func check(_ file: ScanFolder.File, _ path: SafePath, _ format: ModelFormat) throws {
        let container = try FormatDetection.container(of: folder.start(file), length: file.print.size)
        let isRight =
            switch format {
            case .gguf: container == .gguf
            // What lies beside the graph is raw numbers, which may look like anything.
            case .onnx: container == .onnx || !path.name.lowercased().hasSuffix(".onnx")
            case .pytorch: [.safetensors, .zip, .pickle].contains(container)
            }
        guard isRight else { throw Failure.notWhatItsNameSays(file.target, container) }
    }

    /// What the header says, where no name does. A header that cannot be read says nothing here; importing will say why.
    static func quantization(ofGGUF path: String) -> String? {
        guard let file = try? MappedFile(path: path), let header = try? GGUFHeader(file) else { return nil }
        return (try? ModelFacts(header, in: file))?.quantization
    }
}

extension Failure {
    static func notWhatItsNameSays(_ path: String, _ container: FormatDetection.Container) -> Failure {
        let what =
            switch container {
            case .text: "it is a text, such as a web page that stands where a model should"
            case .unknown: "its first bytes are no model's"
            case let other: "its content is \(other.rawValue)"
            }
        return .unreadable(path: path, reason: what)
    }
}
