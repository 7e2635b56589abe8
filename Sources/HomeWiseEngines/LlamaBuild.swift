// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// Builds llama.cpp from its unpacked source. An interrupted build goes on where it stopped: ninja sees to that.
package struct LlamaBuild: Sendable {
    package var recipe: EngineRecipe
    package var host: EngineHost
    package var source: String
    package var folder: String

    package enum Progress: Sendable, Equatable {
        case configuring
        case compiling(step: Int, of: Int)
    }

    package init(recipe: EngineRecipe, host: EngineHost, source: String, folder: String) {
        self.recipe = recipe
        self.host = host
        self.source = source
        self.folder = folder
    }

    /// Programs that a build needs, each with the Debian package that brings it.
    package static let tools: [(programs: [String], package: String)] = [
        (["cmake"], "cmake"), (["ninja"], "ninja-build"), (["c++", "g++", "clang++"], "g++"), (["cc", "gcc", "clang"], "gcc"),
    ]

    /// - Throws: `Failure.toolMissing` that names what to install.
    package static func checkTools(_ host: EngineHost) throws {
        let missing = tools.filter { tool in tool.programs.allSatisfy { host.find($0) == nil } }
        guard missing.isEmpty else { throw Failure.toolsMissing(missing.map { $0.programs[0] }, packages: missing.map(\.package)) }
    }

    /// - Throws: `Failure.engineBuildFailed` with the end of the log.
    package func run(report: @escaping @Sendable (Progress) -> Void) async throws {
        report(.configuring)
        let configure = ["-S", source, "-B", folder, "-G", "Ninja"] + recipe.flags
        try await step("configure", "cmake", configure) { _ in }
        try await step("compile", "ninja", ["-C", folder] + recipe.targets) { line in
            if let progress = Self.progress(in: line) { report(progress) }
        }
    }

    private func step(_ name: String, _ program: String, _ arguments: [String], onLine: @escaping @Sendable (String) -> Void) async throws {
        guard let path = host.find(program) else { throw Failure.toolsMissing([program], packages: [program]) }
        let logFile = "\(host.logFolder)/\(recipe.engine)-\(name).log"
        let log = LogTail(path: logFile, onLine: onLine)
        let exit = try await host.process(path, arguments).runToEnd(log: log)
        try Task.checkCancellation()
        guard exit.isSuccess else {
            throw Failure.buildFailed(step: name, status: exit.sentence, tail: log.last(15), log: logFile)
        }
    }

    /// ninja's “[12/230] Building …”.
    static func progress(in line: String) -> Progress? {
        guard line.hasPrefix("["), let end = line.firstIndex(of: "]") else { return nil }
        let numbers = line[line.index(after: line.startIndex)..<end].split(separator: "/").map { Int($0) }
        guard numbers.count == 2, let step = numbers[0], let total = numbers[1], total > 0 else { return nil }
        return .compiling(step: step, of: total)
    }

    /// Copies programs and libraries, and nothing else, into a folder that runs wherever it lies.
    package func collect(into destination: String) throws {
        let manager = FileManager.default
        let bin = folder + "/bin"
        do {
            try manager.createDirectory(atPath: destination, withIntermediateDirectories: true)
            for name in try manager.contentsOfDirectory(atPath: bin)
            where recipe.targets.contains(name) || name.contains(".so") || name.hasSuffix(".dylib") {
                try manager.copyItem(atPath: bin + "/" + name, toPath: destination + "/" + name)
            }
        } catch { throw Failure.cannotWrite(path: destination, error: error) }
    }
}
