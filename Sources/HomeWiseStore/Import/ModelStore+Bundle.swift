// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

package import Foundation
package import HomeWiseDomain

extension ModelStore {
    /// A place on the store's disk where something may be unpacked; nothing is there yet. Whoever asks for it removes it, and
    /// what a killed run left is known for a leftover by its name.
    package func unpackingPlace() -> String { "\(layout.partial)/\(Self.adoptionPrefix)\(getpid()).\(UInt32.random(in: .min ... .max))" }

    /// Takes the files of a bundle, unpacked and proven, into the store as one model.
    ///
    /// - Parameters:
    ///   - folder: holds each file under the name of its member.
    ///   - archives: what they came in, where it is kept.
    /// - Throws: `Failure`; then the model that had this name is as it was.
    package func publish(_ bundle: ModelBundle, from folder: String, keeping archives: [ProvenFile] = [], at now: Date) throws
        -> InstalledModel
    {
        var seen: Set<Digest> = []
        let files = bundle.files.map { file in
            // Two files with the same content are one member of an image, and one blob; and one that two models of an archive
            // have is in the store with the first of them.
            let path = "\(folder)/\(file.member)"
            let isFresh = seen.insert(file.digest).inserted && FilePrint(path: path, followingLinks: false) != nil
            let content: ProvenFile.Content = isFresh ? .fresh(path) : .present
            return ProvenFile(path: file.path, role: file.role, digest: file.digest, content: content)
        }
        let label = ModelLabel(
            name: bundle.name, tag: bundle.tag, source: bundle.source, format: bundle.format, revision: bundle.revision,
            owner: bundle.owner,
            license: bundle.license)
        return try publish(files: files + archives, as: label, at: now)
    }
}
