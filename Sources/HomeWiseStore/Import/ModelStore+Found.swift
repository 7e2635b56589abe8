// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

package import Foundation
package import HomeWiseDomain

extension ModelStore {
    /// Takes a model that a scan found into the store, as the person chose.
    ///
    /// - Parameters:
    ///   - spared: targets of files that other models need yet: a move leaves them where they are.
    ///   - seen: told of each file by its path how many of its bytes are done.
    ///   - stayed: told of each file that a move could not take away from where it was.
    /// - Throws: `Failure` as `adopt(files:how:as:at:seen:)`; a file that changed since the scan is refused too.
    package func adopt(
        _ found: FoundModel, how: Adoption, at now: Date, sparing spared: Set<String> = [],
        seen: (SafePath, Int64) throws -> Void = { _, _ in },
        stayed: (String, Failure) -> Void = { _, _ in }
    ) throws -> InstalledModel {
        for file in found.files {
            let print = FilePrint(path: file.target, followingLinks: false)
            let seen = FilePrint(size: file.size, modified: file.modified, inode: file.inode)
            guard let print, print.isSame(as: seen, onDiskOfKind: disks.kind(file.target)) else {
                throw Failure.changedMeanwhile(file.place)
            }
        }
        let files = found.files.map { ForeignFile(path: $0.path, role: $0.role, place: $0.place, digest: $0.digest) }
        let label = ModelLabel(
            name: found.name, tag: found.tag, source: found.source, format: found.format, revision: found.revision, owner: found.owner)
        let kept = Set(found.files.filter { spared.contains($0.target) }.map(\.place))
        return try adopt(files: files, how: how, as: label, at: now, keeping: kept, seen: seen, stayed: stayed)
    }
}
