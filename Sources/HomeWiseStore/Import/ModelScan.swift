// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// Finds the models that other tools and people keep on this machine. Nothing is written, and nothing but headers and
/// small files is read.
package struct ModelScan: Sendable {
    private let environment: [String: String]
    let limits: ScanLimits

    package init(environment: [String: String], limits: ScanLimits = ScanLimits()) {
        self.environment = environment
        self.limits = limits
    }

    /// Looks where the known tools keep their models.
    ///
    /// - Throws: `CancellationError` alone: what cannot be read is a problem of the report.
    package func everywhere() throws -> ScanReport {
        var report = ScanReport()
        for (origin, places) in roots {
            var seen: Set<String> = []
            for place in places {
                guard let folder = ScanFolder(place, limits: limits), seen.insert(folder.root).inserted else { continue }
                report.places.append(folder.root)
                try report.add(scan(folder, as: origin))
            }
        }
        report.settle()
        return report
    }

    /// Looks through one folder, or at one file, that a person names; whose folder it is shows in what is in it.
    ///
    /// - Throws: `Failure` where there is no such thing, `CancellationError`.
    package func look(at path: String) throws -> ScanReport {
        var report = ScanReport()
        if let folder = ScanFolder(path, limits: limits) {
            report.places.append(folder.root)
            try report.add(scan(folder, as: Self.kind(folder)))
        } else {
            try report.add(single(path))
        }
        report.settle()
        return report
    }

    private static func kind(_ folder: ScanFolder) -> FoundModel.Origin {
        guard let names = try? folder.entries("").filter({ $0.kind == .folder }).map(\.name) else { return .folder }
        if names.contains("manifests"), names.contains("blobs") { return .ollama }
        if names.contains(where: { HubCacheName.repository($0) != nil }) { return .huggingFace }
        return .folder
    }

    func scan(_ folder: ScanFolder, as origin: FoundModel.Origin) throws -> ScanReport {
        do {
            switch origin {
            case .ollama: return try OllamaScan(folder: folder).run()
            case .huggingFace: return try HubCacheScan(folder: folder, origin: origin).run()
            case .llamaCpp: return try LlamaCacheScan(folder: folder).run()
            case .lmStudio: return try LMStudioScan(folder: folder).run()
            case .folder: return try FolderScan(folder: folder, origin: .folder).run()
            }
        } catch let failure as Failure {
            var report = ScanReport()
            report.problems.append(.init(origin, folder.root, failure.message))
            return report
        }
    }

    // MARK: Where tools keep their models

    private var home: String? { value("HOME") }
    private func value(_ name: String) -> String? { environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil } }

    private var roots: [(FoundModel.Origin, [String])] {
        let caches = value("XDG_CACHE_HOME") ?? home.map { $0 + "/.cache" }
        // Newer versions keep the hub's own layout, in the hub's own place; a place that is set may hold both.
        let llama = [value("LLAMA_CACHE"), caches.map { $0 + "/llama.cpp" }, home.map { $0 + "/Library/Caches/llama.cpp" }]
        let hub = [
            value("HF_HUB_CACHE"), value("HUGGINGFACE_HUB_CACHE"), value("HF_HOME").map { $0 + "/hub" },
            caches.map { $0 + "/huggingface/hub" },
        ]
        let ollama = [value("OLLAMA_MODELS"), home.map { $0 + "/.ollama/models" }, "/usr/share/ollama/.ollama/models"]
        return [
            (.ollama, ollama.compactMap { $0 }), (.lmStudio, LMStudioScan.roots(home: home)), (.huggingFace, hub.compactMap { $0 }),
            (.llamaCpp, llama.compactMap { $0 }),
        ]
    }
}

extension FoundModel.File {
    init(_ file: ScanFolder.File, path: SafePath, role: ModelFileRole, place: String, digest: Digest? = nil) {
        self.init(
            path: path, role: role, place: place, target: file.target, size: file.print.size, modified: file.print.modified,
            inode: file.print.inode, digest: digest)
    }
}
