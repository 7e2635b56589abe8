// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

public import HomeWiseDomain
import HomeWiseStore

extension HomeWise {
    /// What the removal of a model frees.
    public struct RemovedModel: Sendable, Equatable, Encodable {
        public var name: String
        public var quantization: String
        public var frees: ByteCount
        /// Needed by other models too: stays.
        public var shared: ByteCount
        /// Outside the store: stays where it is.
        public var adopted: ByteCount
    }

    /// What `remove` would do to the models of these names; nothing is changed.
    ///
    /// - Throws: `Failure.unknownModel`, `Failure.inUse`.
    public func removal(of names: [String], isKeepingFiles: Bool = false) throws -> [RemovedModel] {
        var seen: Set<String> = []
        return try names.flatMap { try here(named: $0) }.filter { seen.insert("\($0.name):\($0.tag)").inserted }.map {
            try remove($0, isKeepingFiles, isTrial: true)
        }
    }

    /// Removes models that `removal` told of.
    ///
    /// - Throws: `Failure.inUse` for one that somebody uses by now; those before it are gone, those after it are not.
    public func remove(_ models: [RemovedModel], isKeepingFiles: Bool = false) throws -> [RemovedModel] {
        try models.map { try remove(($0.name, $0.quantization), isKeepingFiles, isTrial: false) }
    }

    private func remove(_ model: (name: String, tag: String), _ isKeepingFiles: Bool, isTrial: Bool) throws -> RemovedModel {
        let removal = try store.remove(name: model.name, tag: model.tag, isKeepingFiles: isKeepingFiles, isTrial: isTrial)
        return RemovedModel(
            name: model.name, quantization: model.tag, frees: ByteCount(removal.frees), shared: ByteCount(removal.shared),
            adopted: ByteCount(removal.adopted))
    }
}
