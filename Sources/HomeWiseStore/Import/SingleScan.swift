// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

extension ModelScan {
    /// One file that a person names; of a model in shards, all of them, and of one in a folder, what it needs beside it.
    func single(_ path: String) throws -> ScanReport {
        let name = (path as NSString).lastPathComponent
        let parent = (path as NSString).deletingLastPathComponent
        guard let folder = ScanFolder(parent.isEmpty ? "." : parent, limits: limits), let file = folder.file(name) else {
            throw Failure.unreadable(path: path, reason: lstatIsLink(path) ? ScanFolder.badLink : "there is no such file")
        }
        let beside = name.lowercased().hasSuffix(".gguf") ? try shards(of: name, in: folder) : try needs(folder)
        let files = FoundFiles(folder: folder, home: "", walked: beside)
        let groups = ModelGroups(files.listing, folder: (folder.root as NSString).lastPathComponent)
        var report = ScanReport()
        for group in groups.groups where group.files.contains(where: { $0.file.path.value == name }) {
            files.take(group, into: &report, origin: .folder, title: file.target, source: "file:\(file.target)")
        }
        files.report(groups.problems, into: &report, origin: .folder)
        if report.models.isEmpty, report.problems.isEmpty {
            throw Failure.badInput("\(path) is no model that HomeWise knows.", remedy: "Name a GGUF file, or the folder of a model.")
        }
        return report
    }

    private func shards(of name: String, in folder: ScanFolder) throws -> [ScanFolder.Walked] {
        let stem = ImportName.shardStem(name)
        let names = try stem.map { stem in
            try folder.entries("").map(\.name).filter { ImportName.shardStem($0) == stem }
        }
        return try (names ?? [name]).compactMap { name in
            try folder.file(name).map { ScanFolder.Walked(path: try SafePath(untrusted: name), file: $0) }
        }
    }

    private func needs(_ folder: ScanFolder) throws -> [ScanFolder.Walked] {
        try folder.entries("").compactMap { entry in
            guard [.file, .link].contains(entry.kind), let path = try? SafePath(untrusted: entry.name) else { return nil }
            return folder.file(entry.name).map { ScanFolder.Walked(path: path, file: $0) }
        }
    }
}
