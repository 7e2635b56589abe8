// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

package import Foundation
import HomeWiseDomain

/// Something in the store that no model needs.
package struct Leftover: Sendable, Equatable {
    package enum Kind: String, Sendable, Codable, CaseIterable {
        /// An unfinished transfer that nobody is at.
        case partial
        /// Bytes that no model has.
        case orphan
        /// A version that a newer one replaced.
        case superseded
        /// What an interrupted run left while it was putting something together.
        case staging
        /// A lock's file that nobody holds.
        case lock
        /// An inventory that was put aside because it was damaged.
        case damaged
    }

    enum Target: Sendable, Equatable {
        /// A file or folder, relative to the home.
        case entry(folder: String, name: String)
        /// - Parameter others: parts that lie in the same file.
        case transfer(Digest, names: [String], others: [Digest] = [])
        case blob(Digest)
        case version(ModelManifest)
        case lock(String)
    }

    package var kind: Kind
    /// What a person reads.
    package var name: String
    /// Bytes that are free without it.
    package var bytes: Int64
    /// When it was touched last.
    package var modified: Date
    let target: Target
}
