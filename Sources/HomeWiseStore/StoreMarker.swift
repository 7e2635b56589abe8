// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// A file in the home that says which store this is, and a memory outside of it that says which one was there: together
/// they tell a store that is gone with its disk from one that was never made.
struct StoreMarker {
    private struct Mark: Codable, Equatable {
        var schema = 1
        var id: String
    }

    private struct Memory: Codable, Equatable {
        var home: String
        var id: String
        /// The mount point that held it.
        var mount: String
    }

    let home: String
    /// Where to remember; `nil` remembers nothing.
    let state: String?

    private var memoryPath: String? { state.map { "\($0)/stores/\(FileHash.digest(ofText: home).hex).json" } }

    /// Looked at before anything is made.
    ///
    /// - Returns: what a person should know.
    /// - Throws: `Failure.storeUnusable` when the store that was here is away.
    func check() throws -> [String] {
        guard let path = memoryPath, let memory: Memory = Self.read(path), memory.home == home else { return [] }
        if let mark: Mark = Self.read("\(home)/\(Layout.marker)") {
            return mark.id == memory.id ? [] : ["Another store than the last time is at \(home)."]
        }
        // One of an older version, or one whose marker alone was removed, is no empty folder.
        if FilePrint(path: "\(home)/inventory.sqlite", followingLinks: false).map({ $0.size > 0 }) ?? false { return [] }
        // Gone altogether while its disk is there: somebody removed it.
        if access(home, F_OK) != 0, MountPoint.holding(home) == memory.mount {
            return ["The store at \(home) is gone; a new one is begun."]
        }
        throw Failure.storeAway(home, memory: path)
    }

    /// Marks the store and remembers it.
    ///
    /// - Throws: `Failure` when the store itself cannot be written.
    func settle(_ root: StoreFolder) throws {
        // A mark that cannot be read marks nothing: a new one is made, and the next look says that the store is another.
        let old: Mark? = try root.read(Layout.marker, atMost: 1 << 16).flatMap { try? JSONDecoder().decode(Mark.self, from: $0) }
        let mark = old ?? Mark(id: FileHash.digest(ofText: "\(home) \(UInt64.random(in: .min ... .max)) \(Date())").short)
        if old == nil { try root.write(JSONEncoder().encode(mark), as: Layout.marker) }
        guard let path = memoryPath else { return }
        let memory = Memory(home: home, id: mark.id, mount: MountPoint.holding(home))
        let known: Memory? = Self.read(path)
        guard known != memory else { return }
        // A machine that lets nothing be remembered outside the store only goes without this guard.
        do {
            let folder = (path as NSString).deletingLastPathComponent
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            try StoreFolder.home(folder).write(JSONEncoder().encode(memory), as: (path as NSString).lastPathComponent)
        } catch {}
    }

    /// - Returns: `nil` also for what is of another form: it is written anew, and until then guards nothing.
    private static func read<Value: Decodable>(_ path: String) -> Value? {
        guard let print = FilePrint(path: path, followingLinks: false), print.size < 1 << 16 else { return nil }
        return FileManager.default.contents(atPath: path).flatMap { try? JSONDecoder().decode(Value.self, from: $0) }
    }
}
