// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

package import Foundation
package import HomeWiseDomain

/// How files of another tool or person come into the store.
package enum Adoption: String, Sendable, Codable, CaseIterable {
    /// They stay where they are and cost nothing; should somebody change or remove them, it is noticed.
    case reference
    /// A second name for the same bytes, on the same disk.
    case hardLink
    /// The same blocks until one of the two is written to; only some disks can.
    case reflink
    case copy
    /// They are in the store afterwards and not where they were.
    case move
}

/// A file that somebody else put on this machine.
package struct ForeignFile: Sendable, Equatable {
    /// What it is called below the model's folder.
    package var path: SafePath
    package var role: ModelFileRole
    /// Where it is: an absolute path, which may be a link as other tools have them.
    package var place: String
    /// What its keeper says that it is; it is hashed in any case.
    package var digest: Digest?

    package init(path: SafePath, role: ModelFileRole = .weights, place: String, digest: Digest? = nil) {
        self.path = path
        self.role = role
        self.place = place
        self.digest = digest
    }
}

extension ModelStore {
    /// Takes files that are on this machine already into the store as one model. Each is hashed, whatever its name claims.
    ///
    /// - Parameters:
    ///   - files: the weights first.
    ///   - kept: places that a move leaves as they are, because something else needs them first.
    ///   - seen: told of each file by its path how many of its bytes are done.
    ///   - stayed: told of each file that a move could not take away from where it was, after the model is in.
    /// - Throws: `Failure.badInput` where the disk cannot do what `how` asks for, `Failure.digestMismatch`, `CancellationError`;
    ///   then nothing is taken, and nothing is gone from where it was.
    package func adopt(
        files: [ForeignFile], how: Adoption, as label: ModelLabel, at now: Date, keeping kept: Set<String> = [],
        seen: (SafePath, Int64) throws -> Void = { _, _ in },
        stayed: (String, Failure) -> Void = { _, _ in }
    ) throws -> InstalledModel {
        var proven: [ProvenFile] = []
        var prints: [FilePrint] = []
        // What the disk cannot take is said before gigabytes are read.
        if how != .reference { try check(files.map { ($0.path, FilePrint(path: $0.place, followingLinks: true)?.size) }) }
        guard let folder = try root.folder(Layout.partialFolder, creating: true) else { throw Failure.storeMoved(layout.home) }
        do {
            for file in files {
                try root.check()
                let (one, print) = try prove(file, how: how, into: folder) { try seen(file.path, $0) }
                proven.append(one)
                prints.append(print)
            }
            let model = try publish(files: proven, as: label, at: now)
            if how == .move { clear(zip(files.map(\.place), prints).filter { !kept.contains($0.0) }, stayed) }
            return model
        } catch {
            for content in proven.map(\.content) {
                switch content {
                case .fresh(let path), .shared(let path): try folder.remove((path as NSString).lastPathComponent)
                case .present, .adopted: break
                }
            }
            throw error
        }
    }

    /// Takes away what is in the store now. What cannot be removed, or is not what was proven any more, stays: the model is in.
    private func clear(_ places: [(String, FilePrint)], _ stayed: (String, Failure) -> Void) {
        for (place, print) in places {
            do {
                guard let now = FilePrint(path: place, followingLinks: true) else { continue }
                guard now.isSame(as: print, onDiskOfKind: disks.kind(place)) else { throw Failure.changedMeanwhile(place) }
                try Self.removeWithTarget(place)
            } catch { stayed(place, Failure.wrapping(error, doing: "removing \(place)")) }
        }
    }

    /// Where other tools link to their files, a move takes link and file.
    private static func removeWithTarget(_ place: String) throws {
        if let real = realpath(place, nil) {
            defer { free(real) }
            try remove(String(cString: real))
        }
        try remove(place)
    }

    /// - Returns: also what the file in its place looked like when it was hashed.
    private func prove(_ file: ForeignFile, how: Adoption, into folder: StoreFolder, seen: (Int64) throws -> Void) throws -> (
        ProvenFile, FilePrint
    ) {
        guard file.place.hasPrefix("/"), let before = FilePrint(path: file.place, followingLinks: true) else {
            throw Failure.unreadable(path: file.place, reason: "there is no such file")
        }
        guard !isOurs(file.place) else {
            throw Failure.badInput("\(file.place) is in the store already.", remedy: "See what is here: homewise list")
        }
        let (digest, content, isTheirs) = try bring(file.place, how: how, into: folder, seen: seen)
        do {
            guard let now = FilePrint(path: file.place, followingLinks: true),
                now.isSame(as: before, onDiskOfKind: disks.kind(file.place))
            else { throw Failure.changedMeanwhile(file.place) }
            if let expected = file.digest, expected != digest {
                throw Failure.foreignFileWrong(file.place, expected: expected, actual: digest)
            }
        } catch {
            switch content {
            case .fresh(let path), .shared(let path): try folder.remove((path as NSString).lastPathComponent)
            case .present, .adopted: break
            }
            throw error
        }
        var proven = ProvenFile(path: file.path, role: file.role, digest: digest, content: content)
        // A copy is ours alone; whatever is the person's own file must still be what was hashed when it is written down.
        if isTheirs { proven.print = before }
        return (proven, before)
    }

    /// - Returns: also whether somebody else can write to what was brought.
    private func bring(_ place: String, how: Adoption, into folder: StoreFolder, seen: (Int64) throws -> Void) throws -> (
        Digest, ProvenFile.Content, isTheirs: Bool
    ) {
        if how == .reference { return (try FileHash.digest(of: place, seen: seen), .adopted(place), true) }
        let name = Self.adoptionName()
        let path = "\(folder.path)/\(name)"
        do {
            var isTheirs = true
            switch how {
            case .hardLink: try link(place, to: name, in: folder)
            // A second name first: the file is gone from its place only once the model is there.
            case .move where canLink(place, to: name, in: folder): break
            case .reflink:
                guard try JoinedFile(name, in: folder).clone(place) else {
                    throw Failure.cannotShare(place, "cannot share blocks between files")
                }
                isTheirs = false
            default:
                let copy = try JoinedFile(name, in: folder)
                // Blocks that are shared cost nothing until one of the two is written to.
                if try copy.clone(place) {
                    isTheirs = false
                    break
                }
                try copy.append(place, seen: seen)
                return (copy.digest, .fresh(path), false)
            }
            return (try FileHash.digest(of: name, in: folder, seen: seen), how == .hardLink ? .shared(path) : .fresh(path), isTheirs)
        } catch {
            try folder.remove(name)
            throw error
        }
    }

    /// Archives of a person, proven, to be kept beside what came out of them. Nothing is written down yet; whoever gets them
    /// publishes them, or removes those that are copies.
    package func prove(archives places: [String], how: Adoption) throws -> [ProvenFile] {
        var proven: [ProvenFile] = []
        guard let folder = try root.folder(Layout.partialFolder, creating: true) else { throw Failure.storeMoved(layout.home) }
        do {
            for place in places {
                let path = try SafePath(untrusted: "archives/\((place as NSString).lastPathComponent)")
                try proven.append(prove(ForeignFile(path: path, role: .archive, place: place), how: how, into: folder) { _ in }.0)
            }
        } catch {
            for case .fresh(let path) in proven.map(\.content) { try folder.remove((path as NSString).lastPathComponent) }
            throw error
        }
        return proven
    }

    static let adoptionPrefix = "adopt-"

    static func adoptionName() -> String { "\(adoptionPrefix)\(getpid()).\(UInt32.random(in: .min ... .max))" }

    /// Where other tools link to their files, the file itself gets the second name.
    private func canLink(_ place: String, to name: String, in folder: StoreFolder) -> Bool {
        linkat(AT_FDCWD, place, folder.descriptor, name, AT_SYMLINK_FOLLOW) == 0
    }

    private func link(_ place: String, to name: String, in folder: StoreFolder) throws {
        guard !canLink(place, to: name, in: folder) else { return }
        switch errno {
        case EXDEV: throw Failure.cannotShare(place, "is on another disk than the store")
        case EPERM, ENOTSUP, EMLINK, EACCES: throw Failure.cannotShare(place, "can have no second name (\(String.errno))")
        case let number: throw Failure.cannotWrite(path: "\(folder.path)/\(name)", errno: number)
        }
    }

    private func isOurs(_ place: String) -> Bool {
        guard let real = realpath(place, nil), let home = realpath(layout.home, nil) else { return false }
        defer {
            free(real)
            free(home)
        }
        return String(cString: real).hasPrefix(String(cString: home) + "/")
    }
}
