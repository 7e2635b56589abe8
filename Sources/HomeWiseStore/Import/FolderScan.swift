// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// A folder of a person: every folder in it may hold a model, or several.
struct FolderScan {
    let folder: ScanFolder
    let origin: FoundModel.Origin

    func run() throws -> ScanReport {
        var report = ScanReport()
        let walked = try folder.walk("", follows: true) { place, message in
            if Self.matters(place) { report.problems.append(.init(origin, folder.absolute(place), message)) }
        }
        for file in walked where UnfinishedName.isOne(file.path.name) {
            report.problems.append(.init(origin, folder.absolute(file.path.value), "It is an unfinished download."))
        }
        let files = FoundFiles(folder: folder, home: "", walked: walked.filter { !UnfinishedName.isOne($0.path.name) })
        let name = (folder.root as NSString).lastPathComponent
        let groups = ModelGroups(tree: files.listing, folder: name)
        for group in groups.groups {
            let first = folder.absolute(group.files[0].file.path.value)
            let place = group.format == .gguf ? first : (first as NSString).deletingLastPathComponent
            files.take(group, into: &report, origin: origin, title: place, source: "file:\(place)")
        }
        files.report(groups.problems, into: &report, origin: origin)
        return report
    }

    /// Whether what was passed over may have been a model.
    private static func matters(_ place: String) -> Bool {
        let name = place.lowercased()
        return [".gguf", ".safetensors", ".onnx"].contains { name.hasSuffix($0) } || !(place as NSString).lastPathComponent.contains(".")
    }
}

/// Names that tools give to what they have not finished.
enum UnfinishedName {
    static func isOne(_ name: String) -> Bool {
        let name = name.lowercased()
        return [".incomplete", ".downloadinprogress", ".part", ".partial", ".crdownload", ".downloading", ".tmp", ".aria2"].contains {
            name.hasSuffix($0)
        } || name.hasPrefix("downloading_") || name.hasSuffix("-partial")
    }
}
