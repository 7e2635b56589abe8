// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

package import Foundation
package import HomeWiseDomain

/// One file of a model that is here.
package struct InstalledFile: Sendable, Equatable, Encodable {
    /// Below the model's folder.
    package var path: String
    package var role: ModelFileRole
    package var digest: Digest
    package var size: ByteCount
    /// Where its bytes lie now: a blob, or the file that was adopted in its place.
    package var place: String
    package var state: FileState
    /// Whether the bytes lie outside the store and are not ours to remove.
    package var isAdopted: Bool
}

/// A model that was proven and is here, as far as its state says.
package struct InstalledModel: Sendable, Equatable, Encodable {
    package var name: String
    package var tag: String
    /// The first weights file's.
    package var digest: Digest
    /// Of all its files, without archives.
    package var size: ByteCount
    /// What an engine is started with: the first weights file, under its real name where others lie beside it.
    package var path: String
    package var source: String
    package var installedAt: Date
    package var files: [InstalledFile]
    /// What they came packed in, where a person wanted it kept: no model needs it.
    package var archives: [InstalledFile] = []
    /// The folder that shows all files under their real names, where there is one.
    package var folder: String?
    package var format: ModelFormat?
    package var revision: String?
    package var owner: String?
    package var license: String?
    package var lastUsed: Date?

    /// As the planner names it.
    package var key: String { "\(name):\(tag)" }
    /// Its worst file's.
    package var state: FileState { files.map(\.state).max() ?? .missing }

    init(_ manifest: ModelManifest, files: [InstalledFile], folder: String?, lastUsed: Date?) {
        name = manifest.label.name.value
        tag = manifest.label.tag.value
        digest = manifest.files[0].digest
        archives = files.filter { $0.role == .archive }
        let files = files.filter { $0.role != .archive }
        size = ByteCount(files.reduce(0) { $0 + $1.size.bytes })
        source = manifest.label.source
        installedAt = manifest.installedAt
        self.files = files
        self.folder = folder
        format = manifest.label.format
        revision = manifest.label.revision
        owner = manifest.label.owner
        license = manifest.label.license
        self.lastUsed = lastUsed
        path = files.count > 1 ? folder.map { "\($0)/\(files[0].path)" } ?? files[0].place : files[0].place
    }
}

/// A model that is written down but cannot be read as one: the others go on without it.
package struct BrokenModel: Sendable, Equatable {
    /// As they stand there, looked at by nobody.
    package var name: String
    package var tag: String
    package var failure: Failure

    package var key: String { "\(name):\(tag)" }
}
