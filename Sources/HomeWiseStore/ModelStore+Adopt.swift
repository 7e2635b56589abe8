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
        do {
            for file in files {
                let (one, print) = try prove(file, how: how) { try seen(file.path, $0) }
                proven.append(one)
                prints.append(print)
            }
            let model = try publish(files: proven, as: label, at: now)
            if how == .move { Self.clear(zip(files.map(\.place), prints).filter { !kept.contains($0.0) }, stayed) }
            return model
        } catch {
            for case .fresh(let path) in proven.map(\.content) { try ModelStore.remove(path) }
            for case .shared(let path) in proven.map(\.content) { try ModelStore.remove(path) }
            throw error
        }
    }

    /// Takes away what is in the store now. What cannot be removed, or is not what was proven any more, stays: the model is in.
    private static func clear(_ places: [(String, FilePrint)], _ stayed: (String, Failure) -> Void) {
        for (place, print) in places {
            do {
                guard let now = FilePrint(path: place, followingLinks: true) else { continue }
                guard now == print else { throw Failure.changedMeanwhile(place) }
                try removeWithTarget(place)
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
    private func prove(_ file: ForeignFile, how: Adoption, seen: (Int64) throws -> Void) throws -> (ProvenFile, FilePrint) {
        guard file.place.hasPrefix("/"), let before = FilePrint(path: file.place, followingLinks: true) else {
            throw Failure.unreadable(path: file.place, reason: "there is no such file")
        }
        guard !isOurs(file.place) else {
            throw Failure.badInput("\(file.place) is in the store already.", remedy: "See what is here: homewise list")
        }
        let (digest, content) = try bring(file.place, how: how, seen: seen)
        let path: String? =
            switch content {
            case .fresh(let path), .shared(let path): path
            default: nil
            }
        do {
            if FilePrint(path: file.place, followingLinks: true) != before { throw Failure.changedMeanwhile(file.place) }
            if let expected = file.digest, expected != digest {
                throw Failure.foreignFileWrong(file.place, expected: expected, actual: digest)
            }
        } catch {
            if let path { try ModelStore.remove(path) }
            throw error
        }
        var proven = ProvenFile(path: file.path, role: file.role, digest: digest, content: content)
        // A copy is ours alone; whatever is the person's own file must still be what was hashed when it is written down.
        if case .adopted = content { proven.print = before }
        if let path, FilePrint(path: path, followingLinks: false)?.inode == before.inode { proven.print = before }
        return (proven, before)
    }

    private func bring(_ place: String, how: Adoption, seen: (Int64) throws -> Void) throws -> (Digest, ProvenFile.Content) {
        if how == .reference { return (try FileHash.digest(of: place, seen: seen), .adopted(place)) }
        let path = adoptionPath()
        do {
            switch how {
            case .hardLink: try link(place, to: path)
            // A second name first: the file is gone from its place only once the model is there.
            case .move where canLink(place, to: path): break
            case .reflink:
                guard try JoinedFile(path: path).clone(place) else { throw Failure.cannotShare(place, "cannot share blocks between files") }
            default:
                let copy = try JoinedFile(path: path)
                // Blocks that are shared cost nothing until one of the two is written to.
                if try copy.clone(place) { break }
                try copy.append(place, seen: seen)
                return (copy.digest, .fresh(path))
            }
            let digest = try FileHash.digest(of: path, seen: seen)
            return (digest, how == .hardLink ? .shared(path) : .fresh(path))
        } catch {
            try ModelStore.remove(path)
            throw error
        }
    }

    /// Archives of a person, proven, to be kept beside what came out of them. Nothing is written down yet; whoever gets them
    /// publishes them, or removes those that are copies.
    package func prove(archives places: [String], how: Adoption) throws -> [ProvenFile] {
        var proven: [ProvenFile] = []
        do {
            for place in places {
                let path = try SafePath(untrusted: "archives/\((place as NSString).lastPathComponent)")
                try proven.append(prove(ForeignFile(path: path, role: .archive, place: place), how: how) { _ in }.0)
            }
        } catch {
            for case .fresh(let path) in proven.map(\.content) { try ModelStore.remove(path) }
            throw error
        }
        return proven
    }

    static let adoptionPrefix = "adopt-"

    func adoptionPath() -> String { "\(layout.partial)/\(Self.adoptionPrefix)\(getpid()).\(UInt32.random(in: .min ... .max))" }

    /// Where other tools link to their files, the file itself gets the second name.
    private func canLink(_ place: String, to path: String) -> Bool { linkat(AT_FDCWD, place, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0 }

    private func link(_ place: String, to path: String) throws {
        guard !canLink(place, to: path) else { return }
        switch errno {
        case EXDEV: throw Failure.cannotShare(place, "is on another disk than the store")
        case EPERM, ENOTSUP, EMLINK, EACCES: throw Failure.cannotShare(place, "can have no second name (\(String.errno))")
        case let number: throw Failure.cannotWrite(path: path, errno: number)
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
