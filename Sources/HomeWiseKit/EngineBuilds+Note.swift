// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseStore

/// What a finished build consists of, so that damage is told from bad luck.
struct BuildNote: Codable, Equatable, Sendable {
    /// Digests of its files by name.
    var files: [String: String]
    /// It loaded a model and answered here.
    var isProven: Bool
}

extension EngineBuilds {
    private var notePath: String { folder + "/product.json" }

    /// `nil` for a build of an earlier version, which wrote none, and for a note that cannot be read.
    func readNote() -> BuildNote? {
        guard let data = FileManager.default.contents(atPath: notePath) else { return nil }
        // Without it the build is judged by its proofs alone.
        return try? JSONDecoder().decode(BuildNote.self, from: data)
    }

    /// - Throws: `Failure` where a file cannot be read or the note not be written.
    func note(isProven: Bool) throws {
        let note = try BuildNote(files: digests(), isProven: isProven)
        do { try JSONEncoder().encode(note).write(to: URL(filePath: notePath), options: .atomic) } catch {
            throw Failure.cannotWrite(path: notePath, error: error)
        }
    }

    func isChanged(since note: BuildNote?) throws -> Bool { try note.map { try digests() != $0.files } ?? false }

    /// A link counts as what it leads to, and one that leads nowhere as a change.
    private func digests() throws -> [String: String] {
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: product) } catch {
            throw Failure.unreadable(path: product, reason: error.localizedDescription)
        }
        return try Dictionary(
            uniqueKeysWithValues: names.map { name in
                let path = product + "/" + name
                guard FileManager.default.fileExists(atPath: path) else { return (name, "") }
                return try (name, FileHash.digest(of: path).hex)
            })
    }

    func discard() throws {
        for path in [notePath, product] where FileManager.default.fileExists(atPath: path) {
            do { try FileManager.default.removeItem(atPath: path) } catch { throw Failure.cannotWrite(path: path, error: error) }
        }
    }
}
