// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation

/// The real models of the tests, which `scripts/test-models.sh` keeps in the cache.
public enum TestModels {
    /// Their folder; made once for each machine.
    public static let path: String = {
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "scripts/test-models.sh").path
        let process = Process()
        process.executableURL = URL(filePath: script)
        let output = Pipe()
        process.standardOutput = output
        do { try process.run() } catch { return "/nonexistent (\(script) cannot be run: \(error))" }
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }()
}
