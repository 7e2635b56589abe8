// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// LM Studio's folder: `PUBLISHER/MODEL/` with the files of a repository of the hub.
struct LMStudioScan {
    let folder: ScanFolder

    /// The default places, and the one that its settings name.
    static func roots(home: String?) -> [String] {
        guard let home else { return [] }
        let bases = [home + "/.lmstudio", home + "/.cache/lm-studio"]
        let chosen = bases.compactMap { base -> String? in
            guard let folder = ScanFolder(base, limits: ScanLimits()), let bytes = try? folder.read("settings.json", atMost: 4 << 20),
                let json = try? BoundedJSON(bytes, field: "settings.json")
            else { return nil }
            return json.root["downloadsFolder"]?.string.flatMap { $0.hasPrefix("/") ? $0 : nil }
        }
        return chosen + bases.map { $0 + "/models" }
    }

    func run() throws -> ScanReport {
        var report = ScanReport()
        for publisher in try folder.entries("") where !publisher.name.hasPrefix(".") {
            switch publisher.kind {
            case .folder: try report.add(models(of: publisher.name))
            case .link:
                report.problems.append(
                    .init(.lmStudio, folder.absolute(publisher.name), "It is a link, and was not followed; import what it points to."))
            default: continue
            }
        }
        return report
    }

    private func models(of publisher: String) throws -> ScanReport {
        var report = ScanReport()
        for model in try folder.entries(publisher) where !model.name.hasPrefix(".") {
            let place = "\(publisher)/\(model.name)"
            guard model.kind == .folder else {
                if model.kind == .link { report.problems.append(.init(.lmStudio, folder.absolute(place), ScanFolder.badLink)) }
                continue
            }
            do { try report.add(self.model(place, publisher: publisher)) } catch let failure as Failure {
                report.problems.append(.init(.lmStudio, folder.absolute(place), failure.message))
            }
        }
        return report
    }

    private func model(_ place: String, publisher: String) throws -> ScanReport {
        var report = ScanReport()
        let walked = try folder.walk(place, follows: true) { refused, message in
            report.problems.append(.init(.lmStudio, folder.absolute(refused), message))
        }
        for file in walked where UnfinishedName.isOne(file.path.name) {
            report.problems.append(.init(.lmStudio, folder.absolute("\(place)/\(file.path)"), "It is an unfinished download."))
        }
        let files = FoundFiles(folder: folder, home: place, walked: walked.filter { !UnfinishedName.isOne($0.path.name) })
        let groups = ModelGroups(files.listing, folder: place)
        for group in groups.groups {
            let part = group.format == .gguf ? "/\(group.files[0].file.path)" : ""
            // It says where it comes from, not from which commit: what is there today may be newer.
            files.take(group, into: &report, origin: .lmStudio, title: place, source: "hf:\(place)\(part)", owner: publisher)
        }
        files.report(groups.problems, into: &report, origin: .lmStudio)
        return report
    }
}
