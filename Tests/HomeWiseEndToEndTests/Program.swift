// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseTesting
import Subprocess
import SystemPackage

/// The real binary, run as a person runs it, in a home of its own.
struct Program: Sendable {
    var environment: [String: String]

    /// - Parameters:
    ///   - home: store of this run.
    ///   - extra: added to, or put over, the environment of the tests.
    init(home: String, _ extra: [String: String] = [:]) {
        let inherited = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("HF_") && $0.key != "HOMEWISE_REGISTRY" }
        environment = inherited.merging(["HOMEWISE_HOME": home, "HOMEWISE_STATE": home + ".state"]) { $1 }.merging(extra) { $1 }
    }

    struct Outcome: Sendable {
        var status: TerminationStatus
        /// Standard output: the result.
        var output: String
        /// Standard error: the story.
        var story: String
        var code: Int32? { if case .exited(let code) = status { code } else { nil } }
    }

    func run(_ arguments: String..., input: String? = nil) async throws -> Outcome {
        try await run(program: Products.homewise, arguments, input: input)
    }

    /// Through a shell, for limits and namespaces; `homewise` stands for the binary.
    func shell(_ script: String) async throws -> Outcome {
        try await run(program: "/bin/sh", ["-c", "homewise='\(Products.homewise)'; " + script], input: nil)
    }

    private func run(program: String, _ arguments: [String], input: String?) async throws -> Outcome {
        let environment = Environment.custom(Dictionary(environment.map { (Environment.Key(stringLiteral: $0), $1) }) { $1 })
        let result = try await Subprocess.run(
            .path(FilePath(program)), arguments: Arguments(arguments), environment: environment, input: .string(input ?? ""),
            output: .string(limit: 4 << 20), error: .string(limit: 4 << 20))
        return Outcome(status: result.terminationStatus, output: result.standardOutput, story: result.standardError)
    }

    /// Starts it and hands over a handle; the process is killed when the body is done.
    func started<Value>(_ arguments: [String], story: String, body: (Process) async throws -> Value) async throws -> Value {
        let process = Process()
        process.executableURL = URL(filePath: arguments[0])
        process.arguments = Array(arguments.dropFirst())
        process.environment = environment
        try Data().write(to: URL(filePath: story))
        let log = try FileHandle(forWritingTo: URL(filePath: story))
        process.standardError = log
        process.standardOutput = log
        try process.run()
        defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
        return try await body(process)
    }
}

func text(of path: String) -> String { FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? "" }

/// Whether a process is there and not only waiting to be looked at.
func isAlive(_ pid: Int32) -> Bool {
    guard kill(pid, 0) == 0 else { return false }
    return text(of: "/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ").first != "Z"
}

/// Processes whose command line holds a word.
func processes(naming word: String) -> [Int32] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { Int32($0) }.filter { pid in
        pid != getpid() && text(of: "/proc/\(pid)/cmdline").contains(word) && isAlive(pid)
    }
}
