// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain
import HomeWiseStore

/// What must hold of a store whatever happened to it (THREATS.md, section 2). Taken before the harm and asked after it.
package struct StoreInvariants: Sendable {
    private let home: String
    /// Everything beside the home, by path, with its content's digest.
    private let outside: [String: String]
    private let watched: String?
    /// Models that were complete, with their files.
    private let complete: [String: [Digest]]

    /// - Parameters:
    ///   - folder: watched for changes beside the home, which may lie in it.
    ///   - complete: “name:tag” of models that must not be lost, with the digests of their files.
    package init(home: String, watching folder: String? = nil, complete: [String: [Digest]] = [:]) {
        self.home = home
        watched = folder
        outside = folder.map { Self.snapshot(of: $0, without: home) } ?? [:]
        self.complete = complete
    }

    /// The same for a store that nothing is known of.
    package static func check(home: String) throws -> [String] { try StoreInvariants(home: home).violations() }

    /// - Returns: a sentence for each violation; opening the store is part of the question.
    package func violations() throws -> [String] {
        // I1 before the store is opened: what is damaged must not be called sound, and nothing else may stand in for it.
        let wrong = Self.wrongBlobs(home: home)
        let (models, broken) = try ModelStore(home: home).everything()
        var found: [String] = []
        for model in models {
            for file in model.files where file.state == .sound {
                if try FileHash.digest(of: file.place) != file.digest {
                    found.append("I2: \(model.key) lists \(file.path) as sound, and it is not")
                }
            }
            if model.state == .missing { found.append("I2: \(model.key) is listed, and files of it are gone") }
            if model.files.count > 1, !model.files.contains(where: \.isAdopted), model.state == .sound, model.folder == nil {
                found.append("I2: the files of \(model.key) are not shown under their names")
            }
        }
        let marked = Set(models.flatMap(\.files).filter { $0.state != .sound }.map(\.digest.hex))
        found += wrong.filter { !marked.contains($0) }.map { "I1: blob \($0) has other bytes than its name says" }
        for (key, digests) in complete {
            guard let model = models.first(where: { $0.key == key }) else { found.append("I7: \(key) is lost"); continue }
            if model.files.map(\.digest) != digests { found.append("I7: \(key) has other files than it had") }
        }
        found += broken.filter { complete[$0.key] != nil }.map { "I7: \($0.key) cannot be read any more" }
        return found + strangers()
    }

    private func strangers() -> [String] {
        guard let watched else { return [] }
        let now = Self.snapshot(of: watched, without: home)
        return Set(now.keys).union(outside.keys).filter { now[$0] != outside[$0] }.sorted().map {
            "I4: \($0) outside the store was touched"
        }
    }

    private static func wrongBlobs(home: String) -> [String] {
        let folder = home + "/blobs/sha256"
        let paths = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        return paths.filter { $0.contains("/") }.compactMap { path in
            let name = (path as NSString).lastPathComponent
            guard path == "\(name.prefix(2))/\(name)" else { return path }
            return (try? FileHash.digest(of: "\(folder)/\(path)", followingLinks: false).hex) == name ? nil : name
        }
    }

    private static func snapshot(of folder: String, without home: String) -> [String: String] {
        var found: [String: String] = [:]
        for case let name as String in FileManager.default.enumerator(atPath: folder) ?? .init() {
            let path = "\(folder)/\(name)"
            if path == home || path.hasPrefix(home + "/") || path.hasPrefix(home + ".state") { continue }
            if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) {
                found[path] = "link to \(target)"
            } else {
                found[path] = (try? FileHash.digest(of: path).hex) ?? "folder"
            }
        }
        return found
    }
}
