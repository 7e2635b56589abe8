// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseTesting
import Testing

/// What a program did to a disk, call by call (Shim/faults.c), and what a power cut may leave of it.
///
/// What was flushed is there. Of what was not, any part may be: a write may be missing, cut or zeros, a name may be missing or
/// still be there. Names are either lost in the order in which they were made, as disks with a journal lose them, or in none.
struct DiskRecord: Sendable {
    enum Deed: Sendable {
        case write(file: Int, at: Int, [UInt8])
        case size(file: Int, Int)
        /// Grows, and never shrinks.
        case reserve(file: Int, Int)
        /// A file, or a folder with all its names.
        case flush(file: Int, path: String)
        case add(path: String, file: Int)
        case folder(path: String)
        case remove(path: String)
        case rename(path: String, to: String)
        case exchange(path: String, with: String)
    }

    private(set) var deeds: [Deed] = []
    /// What was there before, all of it on the disk.
    private var names: [String: Int?] = [:]
    private var contents: [Int: [UInt8]] = [:]
    /// When they were written last, in nanoseconds, as the inventory knows them by it.
    private var times: [Int: Int64] = [:]
    private var files = 0
    /// For each deed the flush that makes it last; the number of all where none does.
    private(set) var lastsFrom: [Int] = []

    /// - Parameters:
    ///   - home: as it is before the program runs; it need not be there.
    init(before home: String) throws {
        var known: [UInt64: Int] = [:]
        names[""] = .some(nil)
        guard FileManager.default.fileExists(atPath: home) else { return }
        for path in try FileManager.default.subpathsOfDirectory(atPath: home) {
            var status = stat()
            lstat("\(home)/\(path)", &status)
            guard status.st_mode & S_IFMT == S_IFREG else { names[path] = .some(nil); continue }
            let file = known[UInt64(status.st_ino)] ?? files
            known[UInt64(status.st_ino)] = file
            files = max(files, file + 1)
            names[path] = file
            times[file] = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
            contents[file] = [UInt8](try Data(contentsOf: URL(filePath: "\(home)/\(path)")))
        }
        current = known
    }

    /// Files by the system's number, which it uses again.
    private var current: [UInt64: Int] = [:]

    /// - Parameters:
    ///   - path: of the record.
    ///   - home: paths in it begin so.
    mutating func read(_ path: String, home: String) throws {
        let data = [UInt8](try Data(contentsOf: URL(filePath: path)))
        var (position, paths) = (0, names.compactMapValues { $0 })
        func number<Value: FixedWidthInteger>(_ offset: Int, _: Value.Type) -> Value {
            data.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: position + offset, as: Value.self) }
        }
        while position + 32 <= data.count {
            let lengths = (1...3).map { Int(number($0 * 4, UInt32.self)) }
            let (what, inode, at) = (number(0, UInt32.self), number(16, UInt64.self), Int(clamping: number(24, UInt64.self)))
            position += 32
            let texts = lengths[0..<2].map { length in
                defer { position += length }
                return String(decoding: data[position..<position + length], as: UTF8.self)
            }
            let bytes = Array(data[position..<position + lengths[2]])
            position += lengths[2]
            let (first, second) = (Self.below(home, texts[0]), Self.below(home, texts[1]))
            append(what, first, second, inode, at, bytes, &paths)
        }
        #expect(position == data.count)
        mark()
    }

    private static func below(_ home: String, _ path: String) -> String {
        path == home ? "" : String(path.dropFirst(home.count + 1))
    }

    private mutating func append(
        _ what: UInt32, _ path: String, _ other: String, _ inode: UInt64, _ at: Int, _ bytes: [UInt8], _ paths: inout [String: Int]
    ) {
        switch what {
        case 1:
            if let file = paths[path], current[inode] == file { return }
            (paths[path], current[inode]) = (files, files)
            deeds.append(.add(path: path, file: files))
            files += 1
        case 2: if let file = current[inode] { deeds.append(.write(file: file, at: at, bytes)) }
        case 3: if let file = current[inode] { deeds.append(.size(file: file, at)) }
        case 4: if let file = current[inode] { deeds.append(.reserve(file: file, at)) }
        case 5:
            if let file = current[inode] { times[file] = Int64(at) }
            deeds.append(.flush(file: current[inode] ?? -1, path: path))
        case 6:
            deeds.append(.rename(path: path, to: other))
            for name in paths.keys where name == path || name.hasPrefix(path + "/") {
                paths[other + name.dropFirst(path.count)] = paths.removeValue(forKey: name)
            }
        case 7: deeds.append(.exchange(path: path, with: other))
        case 8:
            deeds.append(.remove(path: path))
            paths[path] = nil
        case 9: deeds.append(.folder(path: path))
        case 10:
            guard let file = current[inode] ?? paths[path] else { return }
            paths[other] = file
            deeds.append(.add(path: other, file: file))
        default: Issue.record("what is \(what)?")
        }
    }

    /// Leaves out flushes, as a program would that had forgotten them.
    func forgetting(_ isForgotten: (String) -> Bool) -> DiskRecord {
        var copy = self
        copy.deeds.removeAll { if case .flush(_, let path) = $0 { isForgotten(path) } else { false } }
        copy.mark()
        return copy
    }

    private mutating func mark() {
        var (ofFiles, ofFolders) = ([Int: Int](), [String: Int]())
        lastsFrom = [Int](repeating: .max, count: deeds.count)
        for index in deeds.indices.reversed() {
            func parent(_ path: String) -> Int { ofFolders[(path as NSString).deletingLastPathComponent] ?? .max }
            switch deeds[index] {
            case .flush(let file, let path):
                ofFiles[file] = index
                ofFolders[path] = index
            case .write(let file, _, _), .size(let file, _), .reserve(let file, _): lastsFrom[index] = ofFiles[file] ?? .max
            case .add(let path, _), .folder(let path), .remove(let path): lastsFrom[index] = parent(path)
            case .rename(_, let to): lastsFrom[index] = parent(to)
            case .exchange(let path, _): lastsFrom[index] = parent(path)
            }
        }
    }
}

extension DiskRecord {
    enum Loss: CaseIterable { case all, nothing, zeros, some, someInOrder }

    /// A disk after the power went.
    struct Wreck: Hashable {
        /// Folders have no content.
        var files: [String: [UInt8]?] = [:]
        var times: [String: Int64] = [:]

        /// - Parameter home: is made anew.
        func build(at home: String) throws {
            if FileManager.default.fileExists(atPath: home) { try FileManager.default.removeItem(atPath: home) }
            for (path, content) in files.sorted(by: { $0.key < $1.key }) {
                let place = path.isEmpty ? home : "\(home)/\(path)"
                if let content {
                    // The memory that several share in a file is gone with the machine.
                    guard !path.hasSuffix("-shm") else { continue }
                    try Data(content).write(to: URL(filePath: place))
                    guard let time = times[path] else { continue }
                    let stamp = timespec(tv_sec: Int(time / 1_000_000_000), tv_nsec: Int(time % 1_000_000_000))
                    var both = [stamp, stamp]
                    utimensat(AT_FDCWD, place, &both, 0)
                } else {
                    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
                }
            }
        }
    }

    /// - Parameter count: deeds that were begun.
    func wreck(after count: Int, losing loss: Loss, _ chance: inout Chance) -> Wreck {
        var (names, contents) = (names, contents)
        var isCut = false
        for index in 0..<count {
            let lasts = lastsFrom[index] < count
            switch deeds[index] {
            case .flush: break
            case .write(let file, let at, let bytes):
                let kept = lasts ? bytes[...] : Self.kept(of: bytes, loss, &chance)
                Self.put(kept, at: at, into: &contents[file, default: []])
            case .size(let file, let size):
                if lasts || Self.isKept(loss, &chance) { Self.resize(&contents[file, default: []], to: size) }
            case .reserve(let file, let size):
                if lasts || Self.isKept(loss, &chance), contents[file, default: []].count < size {
                    Self.resize(&contents[file, default: []], to: size)
                }
            default:
                // A journal that ends says nothing of what came later, and yet a later flush writes all of it.
                if loss == .someInOrder, !lasts, !isCut { isCut = Int.random(in: 0..<8, using: &chance) == 0 }
                if lasts || (loss == .someInOrder ? !isCut : Self.isKept(loss, &chance)) { Self.rename(deeds[index], &names) }
            }
        }
        return wreck(names, contents)
    }

    private func wreck(_ names: [String: Int?], _ contents: [Int: [UInt8]]) -> Wreck {
        var wreck = Wreck()
        for (path, file) in names.sorted(by: { $0.key < $1.key }) {
            // A name in a folder that is not there is nowhere.
            let parent = (path as NSString).deletingLastPathComponent
            if !path.isEmpty { guard case .some(.none) = wreck.files[parent] else { continue } }
            wreck.files[path] = .some(file.map { contents[$0, default: []] })
            if let file { wreck.times[path] = times[file] }
        }
        return wreck
    }

    private static func isKept(_ loss: Loss, _ chance: inout Chance) -> Bool {
        switch loss {
        case .nothing, .zeros: true
        case .all: false
        case .some, .someInOrder: Bool.random(using: &chance)
        }
    }

    private static func kept(of bytes: [UInt8], _ loss: Loss, _ chance: inout Chance) -> ArraySlice<UInt8> {
        switch loss {
        case .nothing: return bytes[...]
        case .all: return []
        case .zeros: return [UInt8](repeating: 0, count: bytes.count)[...]
        case .some, .someInOrder:
            switch Int.random(in: 0..<8, using: &chance) {
            case 0..<4: return bytes[...]
            case 4: return [UInt8](repeating: 0, count: bytes.count)[...]
            case 5: return bytes.prefix(Int.random(in: 0...bytes.count / 512, using: &chance) * 512)
            default: return []
            }
        }
    }

    private static func put(_ bytes: ArraySlice<UInt8>, at place: Int, into content: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        if content.count < place + bytes.count { resize(&content, to: place + bytes.count) }
        content.replaceSubrange(place..<place + bytes.count, with: bytes)
    }

    private static func resize(_ content: inout [UInt8], to size: Int) {
        if content.count > size {
            content.removeLast(content.count - size)
        } else {
            content += [UInt8](repeating: 0, count: size - content.count)
        }
    }

    private static func rename(_ deed: Deed, _ names: inout [String: Int?]) {
        switch deed {
        case .add(let path, let file): names[path] = file
        case .folder(let path): names[path] = .some(nil)
        case .remove(let path): names.removeValue(forKey: path)
        case .rename(let path, let to): move([(path, to)], &names)
        case .exchange(let path, let other): move([(path, other), (other, path)], &names)
        case .write, .size, .reserve, .flush: break
        }
    }

    private static func move(_ moves: [(String, String)], _ names: inout [String: Int?]) {
        var taken: [(String, Int?)] = []
        for (from, to) in moves {
            for name in names.keys where name == from || name.hasPrefix(from + "/") {
                if let file = names.removeValue(forKey: name) { taken.append((to + name.dropFirst(from.count), file)) }
            }
        }
        for (name, file) in taken { names[name] = file }
    }
}
