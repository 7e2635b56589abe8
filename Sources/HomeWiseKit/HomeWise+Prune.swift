// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

public import Foundation
public import HomeWiseDomain
import HomeWiseMachine
import HomeWiseStore

extension HomeWise {
    /// Something that no model needs.
    public struct PruneItem: Sendable, Encodable {
        /// “partial”, “orphan”, “superseded”, “staging”, “lock”, “damaged” or “conversion”.
        public var kind: String
        public var name: String
        public var size: ByteCount
        /// When it was touched last.
        public var modified: Date
        let target: Target

        enum Target: Sendable {
            case store(Leftover)
            /// A folder of a conversion that was killed.
            case room(String)
        }

        enum CodingKeys: CodingKey { case kind, name, size, modified }
    }

    public struct PruneOutcome: Sendable, Encodable {
        public var removed: [PruneItem] = []
        /// Taken up by somebody meanwhile.
        public var kept: [PruneItem] = []
        /// What the disk would not let go; the others went all the same.
        public var failures: [Failure] = []
    }

    /// What could be removed, with what it would free. Nobody is at any of it.
    ///
    /// - Parameter age: seconds that it must have lain untouched.
    public func prunable(olderThan age: TimeInterval = 0) throws -> [PruneItem] {
        let now = world.now()
        let stored = try store.leftovers().map {
            PruneItem(kind: $0.kind.rawValue, name: $0.name, size: ByteCount($0.bytes), modified: $0.modified, target: .store($0))
        }
        return try (stored + abandonedConversions()).filter { age <= 0 || now.timeIntervalSince($0.modified) > age }
    }

    /// Removes what `prunable` told of, each after a last look whether somebody needs it by now.
    public func prune(_ items: [PruneItem]) -> PruneOutcome {
        var outcome = PruneOutcome()
        // Once for all of them; where that fails, each is tried by itself and says why.
        var isSettled = false
        if items.contains(where: { $0.kind == "orphan" }) {
            do {
                try store.settleNames()
                isSettled = true
            } catch {}
        }
        // Bytes that only an older version needs become nobody's with it.
        for item in items.sorted(by: { $0.kind == "superseded" && $1.kind != "superseded" }) {
            do {
                if try remove(item.target, isSettled: isSettled) {
                    outcome.removed.append(item)
                } else {
                    outcome.kept.append(item)
                }
            } catch { outcome.failures.append(Failure.wrapping(error, doing: "removing \(item.name)")) }
        }
        return outcome
    }

    private func remove(_ target: PruneItem.Target, isSettled: Bool) throws -> Bool {
        switch target {
        case .store(let leftover): try store.collect(leftover, isSettled: isSettled)
        case .room(let folder): try ConversionRoom.remove(folder)
        }
    }

    private func abandonedConversions() throws -> [PruneItem] {
        try ConversionRoom.abandoned(in: world.cache).map { folder in
            let attributes = try FileManager.default.attributesOfItem(atPath: folder)
            return PruneItem(
                kind: "conversion", name: "an unfinished conversion", size: ByteCount(ModelStore.bytes(below: folder)),
                modified: attributes[.modificationDate] as? Date ?? world.now(), target: .room(folder))
        }
    }
}

extension HomeWise {
    /// Where the space went.
    public struct DiskUse: Sendable, Encodable {
        public var home: String
        public var blobs: ByteCount
        public var files: Int
        /// What models would take more if each had its own copy.
        public var saved: ByteCount
        /// Of the blobs: archives that are kept beside what came out of them.
        public var archives: ByteCount
        /// Of the blobs: what `prune` would free.
        public var orphans: ByteCount
        public var superseded: ByteCount
        public var partials: ByteCount
        public var engines: ByteCount
        public var cache: ByteCount
        public var logs: ByteCount
        public var other: ByteCount
        /// Outside the store.
        public var adopted: ByteCount
        public var free: ByteCount?
        public var total: ByteCount?
    }

    public func diskUse() throws -> DiskUse {
        let usage = try store.usage()
        let disk: SystemCapabilities.Storage? = StorageProbe.storage(of: world.home)
        return DiskUse(
            home: world.home, blobs: ByteCount(usage.blobs), files: usage.blobCount, saved: ByteCount(usage.shared),
            archives: ByteCount(usage.archives),
            orphans: ByteCount(usage.orphans), superseded: ByteCount(usage.superseded), partials: ByteCount(usage.partials),
            engines: ByteCount(usage.engines), cache: ByteCount(ModelStore.bytes(below: world.cache)), logs: ByteCount(usage.logs),
            other: ByteCount(usage.rest), adopted: ByteCount(usage.adopted), free: disk?.free, total: disk?.total)
    }
}
