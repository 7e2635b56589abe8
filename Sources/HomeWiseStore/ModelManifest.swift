// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

package import Foundation
package import HomeWiseDomain

/// What a model is and where it comes from, without its files.
package struct ModelLabel: Sendable, Equatable {
    package var name: SafePath
    package var tag: SafePath
    /// As `SourceReference` writes it.
    package var source: String
    package var format: ModelFormat?
    /// A commit, or the digest of a manifest, that the source was pinned to.
    package var revision: String?
    package var owner: String?
    package var license: String?

    package init(
        name: SafePath, tag: SafePath, source: String, format: ModelFormat? = nil, revision: String? = nil, owner: String? = nil,
        license: String? = nil
    ) {
        self.name = name
        self.tag = tag
        self.source = source
        self.format = format
        self.revision = revision
        self.owner = owner
        self.license = license
    }

    /// As the planner names it.
    package var key: String { "\(name):\(tag)" }
}

/// A model with its files: one row set in the inventory, and the same beside it as a file, from which a lost inventory is
/// made again.
package struct ModelManifest: Sendable, Equatable {
    package struct File: Sendable, Equatable {
        /// Below the model's folder.
        package var path: SafePath
        package var role: ModelFileRole
        package var digest: Digest
        package var size: Int64
    }

    package var label: ModelLabel
    package var installedAt: Date
    /// The weights first, archives that are kept last; never empty.
    package var files: [File]
    /// Where adopted bytes lie, for the written form alone.
    var places: [Place] = []

    /// 1 PiB: no disk of a person has a file of that size, and sums of any number of files stay numbers.
    static let largestFile: Int64 = 1 << 50

    package var digests: Set<Digest> { Set(files.map(\.digest)) }
}

extension ModelManifest {
    /// The written form, which speaks of nothing that this machine does: it can be read by any later version.
    fileprivate struct Written: Codable {
        struct File: Codable {
            var path: String
            var role: String
            var digest: Digest
            var size: ByteCount
        }
        struct Place: Codable {
            var path: String
            var digest: Digest
            var size: Int64
            var modified: Int64
            var inode: UInt64
            var mount: String
        }
        var schema: Int
        var name: String
        var tag: String
        var source: String
        var format: ModelFormat?
        var revision: String?
        var owner: String?
        var license: String?
        var installedAt: Double
        var files: [File]
        var places: [Place]?
    }

    package func json() throws -> Data {
        let written = Written(
            schema: 1, name: label.name.value, tag: label.tag.value, source: label.source, format: label.format, revision: label.revision,
            owner: label.owner, license: label.license, installedAt: installedAt.timeIntervalSince1970,
            files: files.map { .init(path: $0.path.value, role: $0.role.rawValue, digest: $0.digest, size: ByteCount($0.size)) },
            places: places.isEmpty ? nil : places.sorted { $0.path < $1.path }.map(Written.Place.init))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(written)
    }

    /// - Throws: `Failure` or `DecodingError` for what is no manifest; every name in it is looked at.
    package init(json: Data) throws {
        let written = try JSONDecoder().decode(Written.self, from: json)
        label = try ModelLabel(
            name: SafePath(untrusted: written.name), tag: SafePath(untrusted: written.tag), source: written.source,
            format: written.format, revision: written.revision, owner: written.owner, license: written.license)
        installedAt = Date(timeIntervalSince1970: written.installedAt)
        files = try written.files.map { file in
            guard let role = ModelFileRole(rawValue: file.role) else {
                throw Failure.unreadable(path: file.path, reason: "its role is unknown")
            }
            return try File(path: SafePath(untrusted: file.path), role: role, digest: file.digest, size: file.size.bytes)
        }
        places = (written.places ?? []).filter { $0.path.hasPrefix("/") }.map {
            Place(
                path: $0.path, digest: $0.digest, print: FilePrint(size: $0.size, modified: $0.modified, inode: $0.inode), mount: $0.mount)
        }
        guard written.schema == 1, files.first.map({ $0.role != .archive }) ?? false,
            files.allSatisfy({ 0...Self.largestFile ~= $0.size }), installedAt.timeIntervalSince1970.isFinite
        else {
            throw Failure.unreadable(path: "the manifest of \(label.key)", reason: "it is of another form")
        }
    }
}

extension ModelManifest.Written.Place {
    init(_ place: Place) {
        self.init(
            path: place.path, digest: place.digest, size: place.print.size, modified: place.print.modified, inode: place.print.inode,
            mount: place.mount)
    }
}
