// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

public import HomeWiseDomain
import HomeWiseSources
import HomeWiseStore

extension HomeWise {
    /// What a look at one file's bytes found.
    public struct FileVerdict: Sendable, Equatable, Encodable {
        /// “name:quantization” of the models that have it.
        public var models: [String]
        public var file: String
        /// `nil` for a model that is written down and cannot be read.
        public var digest: Digest?
        public var size: ByteCount
        public var state: ListedModel.State
        public var wasRepaired = false
    }

    /// Reads every byte of models again and compares it with what was published.
    ///
    /// - Parameters:
    ///   - names: as a person writes them; empty for all that is here.
    ///   - isRepairing: fetches what is wrong again.
    /// - Throws: `Failure.unknownModel`, `CancellationError`; a file that is damaged is a verdict and no error.
    public func verify(_ names: [String] = [], isRepairing: Bool = false, report: @escaping Report) async throws -> [FileVerdict] {
        let wanted = try names.flatMap { try here(named: $0) }.map { "\($0.name):\($0.tag)" }
        let (all, broken) = try store.everything()
        let models = all.filter { names.isEmpty || wanted.contains($0.key) }
        var verdicts: [FileVerdict] = []
        for (file, owners) in Self.files(of: models) {
            try Task.checkCancellation()
            var verdict = FileVerdict(
                models: owners.map(\.key), file: file.path, digest: file.digest, size: file.size,
                state: try ListedModel.State(look(at: file, owners[0].key, report)))
            if isRepairing, [.damaged, .missing, .changed].contains(verdict.state), let owner = owners.first {
                do {
                    try await Repair(house: self, report: report).run(file, of: owner)
                    (verdict.state, verdict.wasRepaired) = (.sound, true)
                } catch let failure as Failure { report(.note("\(file.path) could not be repaired: \(failure.message) \(failure.remedy)")) }
            }
            verdicts.append(verdict)
        }
        for model in broken where names.isEmpty || wanted.contains(model.key) {
            report(.note("\(model.key): \(model.failure.message) \(model.failure.remedy)"))
            verdicts.append(FileVerdict(models: [model.key], file: "", digest: nil, size: ByteCount(0), state: .unreadable))
        }
        for model in try store.everything().models where names.isEmpty || wanted.contains(model.key) { try store.mendNames(of: model) }
        return verdicts
    }

    /// Each blob once, the longest unproven first.
    private static func files(of models: [InstalledModel]) -> [(InstalledFile, [InstalledModel])] {
        var owners: [Digest: [InstalledModel]] = [:]
        var order: [InstalledFile] = []
        for model in models {
            for file in model.files + model.archives {
                if owners[file.digest] == nil { order.append(file) }
                if owners[file.digest]?.last?.key != model.key { owners[file.digest, default: []].append(model) }
            }
        }
        return order.map { ($0, owners[$0.digest] ?? []) }
    }

    private func look(at file: InstalledFile, _ model: String, _ report: Report) throws -> FileState {
        let name = "\(model) \(file.path)"
        let state = try store.verify(file.digest, at: world.now()) {
            report(.progress(name: name, TransferStatus(received: $0, total: file.size.bytes)))
        }
        switch state {
        case .sound:
            for place in try store.badPlaces(of: file.digest) where [.damaged, .changed].contains(place.state) {
                report(
                    .note(
                        "\(place.path) has not the bytes of \(name) any more; those at \(try store.place(of: file.digest) ?? file.place) are used"
                    ))
            }
        case .away: report(.note("\(name) is away: \(file.place) is on a disk that is not mounted"))
        case .missing: report(.note("\(name) is gone: \(file.place) is not there"))
        case .damaged, .changed: report(.note("\(name) is damaged: \(file.place) has not the bytes that it was proven with"))
        }
        return state
    }
}
