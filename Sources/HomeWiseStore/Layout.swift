// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// Where things lie below the home of HomeWise. Paths come from digests and safe names, never from foreign text.
package struct Layout: Sendable {
    package let home: String

    package init(home: String) { self.home = home.hasSuffix("/") && home.count > 1 ? String(home.dropLast()) : home }

    package var inventory: String { home + "/inventory.sqlite" }
    package var blobs: String { home + "/blobs/sha256" }
    package var partial: String { home + "/partial" }
    package var engines: String { home + "/engines" }
    package var run: String { home + "/run" }
    package var logs: String { home + "/logs" }
    package var registries: String { home + "/registries" }
    /// - Parameter name: letters, digits and dashes alone.
    package func registry(_ name: String) -> String { "\(registries)/\(name).json" }

    package func blob(_ digest: Digest) -> String { "\(blobs)/\(digest.hex.prefix(2))/\(digest.hex)" }
    package func partial(_ key: Digest) -> String { "\(partial)/\(key.hex)" }
    /// Where the members of archives are joined before the whole is proven.
    package func joined(_ key: Digest) -> String { "\(partial)/\(key.hex).joined" }
    package func model(name: SafePath, tag: SafePath) -> String { "\(home)/models/\(name)/\(tag)" }

    /// Makes the folders that everything else relies on; private to the person.
    ///
    /// - Throws: `Failure.storeUnusable` with the system's reason.
    package func create() throws {
        for folder in [home, blobs, partial, engines, run, logs] {
            do {
                try FileManager.default.createDirectory(
                    atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            } catch { throw Failure.cannotWrite(path: folder, error: error) }
        }
    }
}
