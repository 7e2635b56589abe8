// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// Where things lie below the home of HomeWise. Paths come from digests and safe names, never from foreign text.
package struct Layout: Sendable {
    package let home: String

    package init(home: String) { self.home = home.hasSuffix("/") && home.count > 1 ? String(home.dropLast()) : home }

    package var inventory: String { home + "/inventory.sqlite" }
    package var blobs: String { "\(home)/\(Self.blobFolder)" }
    package var partial: String { "\(home)/\(Self.partialFolder)" }
    package var engines: String { home + "/engines" }
    package var run: String { "\(home)/\(Self.runFolder)" }
    package var logs: String { home + "/logs" }
    package var registries: String { home + "/registries" }
    /// - Parameter name: letters, digits and dashes alone.
    package func registry(_ name: String) -> String { "\(registries)/\(name).json" }

    package func blob(_ digest: Digest) -> String { "\(home)/\(Self.folder(of: digest))/\(digest.hex)" }
    package func partial(_ key: Digest) -> String { "\(partial)/\(key.hex)" }
    /// Where the members of archives are joined before the whole is proven.
    package func joined(_ key: Digest) -> String { "\(partial)/\(key.hex).joined" }
    package func model(name: SafePath, tag: SafePath) -> String {
        "\(home)/\(Self.modelFolder)/\(Self.component(name))/\(Self.component(tag))"
    }

    /// Tells this store from an empty mount point.
    static let marker = "store.json"
    static let blobFolder = "blobs/sha256"
    static let partialFolder = "partial"
    static let modelFolder = "models"
    static let manifestFolder = "manifests"
    /// Beside the folders of manifests: what models that no registry names are called.
    static let names = "names.json"
    static let runFolder = "run"

    /// Relative to the home.
    static func folder(of digest: Digest) -> String { "\(blobFolder)/\(digest.hex.prefix(2))" }
    static func manifestFolder(name: SafePath) -> String { "\(manifestFolder)/\(component(name))" }
    static func manifest(tag: SafePath) -> String { component(tag) + ".json" }

    /// A name as one part of a path: two names never share one, and none begins with the dot that our own leftovers have.
    static func component(_ name: SafePath) -> String {
        var text = name.value.replacingOccurrences(of: "%", with: "%25").replacingOccurrences(of: "/", with: "%2F")
        if text.hasPrefix(".") { text = "%2E" + text.dropFirst() }
        // Room for an ending.
        return text.utf8.count <= 200 ? text : FileHash.digest(ofText: name.value).hex
    }

    /// The name of a new home survives a power cut like all that is in it. A folder above that is not ours to open is left to
    /// the system: it keeps its own word within seconds.
    private static func flush(above home: String) {
        do { try StoreFolder.home((home as NSString).deletingLastPathComponent).flush() } catch {}
    }

    /// Makes the folders that everything else relies on; private to the person.
    ///
    /// - Throws: `Failure.storeUnusable` with the system's reason, or where a folder of the store is a link.
    package func create() throws {
        let isNew = access(home, F_OK) != 0
        do {
            try FileManager.default.createDirectory(
                atPath: home, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch { throw Failure.cannotWrite(path: home, error: error) }
        if isNew { Self.flush(above: home) }
        let root = try StoreFolder.home(home)
        for folder in [Self.blobFolder, Self.partialFolder, "engines", Self.runFolder, "logs", Self.modelFolder, Self.manifestFolder] {
            _ = try root.folder(folder, creating: true)
        }
    }
}
