// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// llama.cpp's own cache: flat files `org_repo_file.gguf`, with a manifest for what was named by repository. Where it has
/// been set to a place of its own, newer versions keep the hub's layout there.
struct LlamaCacheScan {
    let folder: ScanFolder

    func run() throws -> ScanReport {
        var report = ScanReport()
        let entries = try folder.entries("")
        if entries.contains(where: { HubCacheName.repository($0.name) != nil }) {
            try report.add(HubCacheScan(folder: folder, origin: .llamaCpp).run())
        }
        let names = Set(entries.filter { $0.kind == .file }.map(\.name))
        var taken: Set<String> = []
        for name in names.sorted() where name.hasPrefix("manifest=") && name.hasSuffix(".json") {
            do {
                let manifest = try LlamaCacheManifest(name: name, json: folder.read(name, atMost: LlamaCacheManifest.largest) ?? [])
                try take(manifest, names, &taken, into: &report)
            } catch {
                let message = (error as? FormatFault).map { "It cannot be read: \($0.field): \($0.reason)." }
                report.problems.append(
                    .init(.llamaCpp, folder.absolute(name), message ?? Failure.wrapping(error, doing: "reading it").message))
            }
        }
        for name in names.sorted() where UnfinishedName.isOne(name) {
            report.problems.append(.init(.llamaCpp, folder.absolute(name), "It is an unfinished download."))
        }
        addOthers(names.subtracting(taken), into: &report)
        return report
    }

    private func take(_ manifest: LlamaCacheManifest, _ names: Set<String>, _ taken: inout Set<String>, into report: inout ScanReport)
        throws
    {
        let first = manifest.cacheName(manifest.weights)
        // The manifest names the first shard; the others are named like it.
        let stem = ImportName.shardStem(first)
        let weights = stem.map { stem in names.filter { ImportName.shardStem($0) == stem } } ?? [first]
        let projector = manifest.projector.map(manifest.cacheName)
        let files = try found(Array(weights).sorted() + (projector.map { [$0] } ?? [])) { name in
            name == first ? manifest.weights : name == projector ? manifest.projector : nil
        }
        taken.formUnion(weights)
        if let projector { taken.insert(projector) }
        let groups = ModelGroups(files.listing, folder: manifest.repository)
        for var group in groups.groups {
            group.name = ImportName.slug(ImportName.repository(manifest.repository))
            files.take(
                group, into: &report, origin: .llamaCpp, title: "\(manifest.repository):\(manifest.tag)",
                source: "hf:\(manifest.repository)/\(manifest.weights.path)",
                owner: manifest.repository.split(separator: "/").first.map(String.init))
        }
        files.report(groups.problems, into: &report, origin: .llamaCpp)
    }

    private func found(_ names: [String], _ said: (String) -> LlamaCacheManifest.File?) throws -> FoundFiles {
        var digests: [String: Digest] = [:]
        let walked = try names.map { name in
            guard let file = folder.file(name) else { throw Failure.foundFileMissing(folder.absolute(name), isLink: false) }
            let said = said(name)
            if let size = said?.size, size != file.print.size {
                throw Failure.wrongSize(name, expected: ByteCount(size), actual: ByteCount(file.print.size))
            }
            digests[file.target] = said?.digest
            return ScanFolder.Walked(path: try SafePath(untrusted: name), file: file)
        }
        return FoundFiles(folder: folder, home: "", walked: walked) { [digests] in digests[$0.target] }
    }

    /// What was fetched by its address has no manifest.
    private func addOthers(_ names: Set<String>, into report: inout ScanReport) {
        let walked = names.filter { $0.hasSuffix(".gguf") }.compactMap { name -> ScanFolder.Walked? in
            guard let path = try? SafePath(untrusted: name), let file = folder.file(name) else { return nil }
            return ScanFolder.Walked(path: path, file: file)
        }
        let files = FoundFiles(folder: folder, home: "", walked: walked)
        let groups = ModelGroups(files.listing, folder: "llama.cpp")
        for group in groups.groups {
            let place = folder.absolute(group.files[0].file.path.value)
            files.take(group, into: &report, origin: .llamaCpp, title: group.files[0].file.path.value, source: "file:\(place)")
        }
        files.report(groups.problems, into: &report, origin: .llamaCpp)
    }
}
