// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import Testing

/// The real models, libraries and the Python environment that `scripts/test-models.sh` keeps in the cache.
enum TestModels {
    static let folder: Result<String, any Error> = Result {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let outcome = try run(root.appending(path: "scripts/test-models.sh").path, [])
        try #require(outcome.status == 0, "the models could not be made")
        return outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    static func path(_ name: String) throws -> String { try folder.get() + "/" + name }

    /// What a Python program of the reference writes.
    static func reference(_ program: String, _ arguments: [String]) throws -> Data {
        let outcome = try run(path("python/bin/python"), ["-c", program] + arguments)
        try #require(outcome.status == 0, "the reference failed")
        return Data(outcome.output.utf8)
    }

    /// Its errors go where ours go.
    private static func run(_ program: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(["HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"]) { $1 }
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}
