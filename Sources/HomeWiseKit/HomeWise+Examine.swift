// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

public import HomeWiseDomain
import HomeWiseEngines
import HomeWiseStore

/// What `doctor` finds: the machine, the engine, the models, and what should be looked at.
public struct Examination: Sendable, Encodable {
    public var machine: SystemCapabilities
    /// Engine and version in use; `nil` where none is installed.
    public var engine: String?
    public var models: [Installed]
    /// How many types of blocks were calibrated; `nil` before calibration.
    public var calibratedTypes: Int?
    /// What should be looked at, a sentence each with its remedy.
    public var findings: [String]

    /// For a person, without anything that names them.
    ///
    /// - Parameter home: their home folder, shown as “~”.
    public func report(home: String) -> [SystemCapabilities.ReportLine] {
        var machine = machine
        machine.findings = findings
        var lines = machine.report(home: home)
        let rest: [SystemCapabilities.ReportLine] = [
            ("Engine", engine.map { "llama.cpp \($0)" } ?? "none is installed"),
            ("Speed", calibratedTypes.map { "\($0) kinds of blocks are calibrated" } ?? "not calibrated"),
            ("Models", models.isEmpty ? "none is here" : models.map { "\($0.name) \($0.quantization)" }.joined(separator: ", ")),
        ]
        let place = lines.firstIndex { $0.label == "Finding" } ?? lines.count
        lines.insert(contentsOf: rest, at: place)
        return lines
    }
}

extension HomeWise {
    /// Looks everything over.
    public func examine() async throws -> Examination {
        let machine = try await hardware(includingVulkan: true)
        // An address may hold a secret: the kind of source is enough here.
        let models = try installed().map { model in
            var model = model
            model.source = try SourceReference(parsing: model.source).kind
            return model
        }
        var findings = try machine.findings + registryDesk.read().findings
        if try engineInUse() == nil { findings.append("No engine is installed: homewise engine install llama.cpp") }
        for model in models {
            // A header that is damaged is worth a word before somebody waits for a load that fails.
            do { _ = try inspect(file: model.path) } catch let failure as Failure {
                findings.append("\(failure.message) \(failure.remedy)")
            }
        }
        findings += try store.findings + listing().compactMap(Self.finding)
        if let free = machine.storage?.free, free.bytes < 10_000_000_000 {
            findings.append("Only \(free) of disk are free at \(machine.storage?.path ?? "the store"); models need some gigabytes.")
        }
        let kernels = try calibration()?.kernels
        return Examination(
            machine: machine, engine: try engineInUse()?.version, models: models,
            calibratedTypes: kernels.map { Set($0.map(\.type)).count },
            findings: findings)
    }

    /// What is wrong with a model that is written down and cannot be used.
    private static func finding(_ model: ListedModel) -> String? {
        let key = "\(model.name):\(model.quantization)"
        return switch model.state {
        case .sound, .unfinished: nil
        case .away: "\(key) is away with its disk."
        case .changed: "Somebody changed files of \(key). To see whether it is still whole: homewise verify \(key)"
        case .damaged: "\(key) is damaged. To fetch what is wrong again: homewise verify \(key) --repair"
        case .missing: "Files of \(key) are gone. To fetch them again: homewise verify \(key) --repair"
        case .unreadable: "What is written down of \(key) cannot be read. To be rid of it: homewise rm \(key)"
        }
    }
}
