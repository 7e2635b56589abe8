// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation

/// What engines need of the world they are started in.
package struct EngineHost: Sendable {
    /// The program that becomes the guard: homewise itself.
    package var guardProgram: String
    /// Folder for sockets; private to the person.
    package var runFolder: String
    package var logFolder: String
    /// The environment that homewise was started with; engines see an allowlist of it.
    package var environment: [String: String]
    /// Servers of models are kept to what they need (`SandboxPolicy`).
    package var isSandboxed: Bool
    /// Where the system shows its devices.
    var deviceFolder = "/dev"

    package init(guardProgram: String, runFolder: String, logFolder: String, environment: [String: String], isSandboxed: Bool = true) {
        self.guardProgram = guardProgram
        self.runFolder = runFolder
        self.logFolder = logFolder
        self.environment = environment
        self.isSandboxed = isSandboxed
    }

    /// No token and no key of the person gets to an engine or a compiler.
    func scrubbed(adding extra: [String: String] = [:]) -> [String: String] {
        let allowed = [
            "PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES",
            "HIP_VISIBLE_DEVICES",
            "CC", "CXX", "CCACHE_DIR",
        ]
        return environment.filter { allowed.contains($0.key) }.merging(extra) { _, new in new }
    }

    func process(_ program: String, _ arguments: [String], adding extra: [String: String] = [:], in folder: String? = nil) -> GuardedProcess
    {
        GuardedProcess(
            guardProgram: guardProgram, program: program, arguments: arguments, environment: scrubbed(adding: extra), folder: folder)
    }

    /// Where a model's engine writes its words.
    package func log(of alias: String) -> String {
        "\(logFolder)/\(alias.filter { $0.isLetter || $0.isNumber || "-._".contains($0) }).log"
    }

    /// Full path of a program on the PATH.
    package func find(_ program: String) -> String? {
        (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(program)" }
            .first { access($0, X_OK) == 0 && isFile($0) }
    }

    private func isFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }
}
