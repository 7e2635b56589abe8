// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// Where a PyTorch environment lies in the cache.
struct TorchPlaces: Sendable, Equatable {
    /// Keyed by recipe, Python and build, so that what is there is what is asked for.
    let folder: String

    var environment: String { folder + "/environment" }
    var python: String { environment + "/bin/python" }
    /// What pip fetched: an interrupted installation goes on from here.
    var fetched: String { folder + "/fetched" }
    var lock: String { folder + "/lock" }
    /// Written when, and only when, all packages are there.
    var note: String { folder + "/environment.json" }
    /// Another worker, another folder: an update of HomeWise keeps the environment.
    var worker: String { "\(folder)/worker-\(TorchWorkerSource.key)" }
    /// Starts the worker: the engine's server program.
    var launcher: String { worker + "/homewise-torch" }
    /// Written when, and only when, this worker has answered here.
    var proof: String { worker + "/proof.txt" }

    /// What an environment was made of.
    struct Note: Codable, Equatable {
        var torch: String
        var python: String
        /// Folder of the Python that it stands on.
        var prefix: String
    }

    /// `nil` where it is not whole, or the Python that it stands on is gone.
    func readNote() -> Note? {
        guard let data = FileManager.default.contents(atPath: note), FileManager.default.isExecutableFile(atPath: python) else {
            return nil
        }
        // Our own file: one that cannot be read is as good as none, and the environment is made anew.
        return try? JSONDecoder().decode(Note.self, from: data)
    }

    var isProven: Bool { FileManager.default.fileExists(atPath: proof) && FileManager.default.isExecutableFile(atPath: launcher) }

    func write(_ note: Note) throws {
        do { try JSONEncoder().encode(note).write(to: URL(filePath: self.note), options: .atomic) } catch {
            throw Failure.cannotWrite(path: self.note, error: error)
        }
    }

    func makeFolder() throws {
        do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
            throw Failure.cannotWrite(path: folder, error: error)
        }
    }

    /// Free bytes of its disk; `nil` where the system does not tell.
    func free() throws -> ByteCount? {
        let values = try FileManager.default.attributesOfFileSystem(forPath: folder)
        return (values[.systemFreeSize] as? NSNumber).map { ByteCount($0.int64Value) }
    }
}
