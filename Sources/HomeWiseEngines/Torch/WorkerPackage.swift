// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// Writes the worker that comes with this program to the disk, whole or not at all.
struct WorkerPackage: Sendable {
    let places: TorchPlaces

    /// - Throws: `Failure` where the folder cannot be written.
    func write() throws {
        let staging = places.worker + ".staging"
        try EngineShelf.remove(staging)
        do {
            let package = staging + "/homewise_torch"
            try FileManager.default.createDirectory(atPath: package, withIntermediateDirectories: true)
            for file in TorchWorkerSource.files { try Data(file.text.utf8).write(to: URL(filePath: "\(package)/\(file.name)")) }
            // A folder with this file in it is a program to Python, even where it looks for no module beside its own.
            try Data("import runpy\n\nrunpy.run_module(\"homewise_torch\", run_name=\"__main__\", alter_sys=True)\n".utf8)
                .write(to: URL(filePath: staging + "/__main__.py"))
            let launcher = "\(staging)/\((places.launcher as NSString).lastPathComponent)"
            try Data(script.utf8).write(to: URL(filePath: launcher))
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: launcher)
        } catch { throw Failure.cannotWrite(path: staging, error: error) }
        try EngineShelf.remove(places.worker)
        guard rename(staging, places.worker) == 0 else { throw Failure.cannotWrite(path: places.worker, errno: errno) }
    }

    /// Becomes Python, which sees nothing of the person's own packages (`-I`). An environment that was removed is told as such.
    private var script: String {
        """
        #!/bin/sh
        python=\(Self.quoted(places.python))
        [ -x "$python" ] || { echo "error: missing library: the PyTorch environment was removed ($python)" >&2; exit 1; }
        exec "$python" -I \(Self.quoted(places.worker)) "$@"

        """
    }

    static func quoted(_ text: String) -> String { "'" + text.replacingOccurrences(of: "'", with: #"'\''"#) + "'" }
}
