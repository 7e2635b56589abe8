// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import Subprocess

/// The package index that this person's pip uses: their environment, their pip.conf, else pip's own default.
package struct PipConfiguration: Sendable {
    package var environment: [String: String]

    package init(environment: [String: String]) { self.environment = environment }

    /// - Returns: the base URL of the simple API, without a slash at its end.
    /// - Throws: `Failure.toolMissing` when neither the environment nor a pip says.
    package func indexURL() async throws -> String {
        if let url = environment["PIP_INDEX_URL"], !url.isEmpty { return Self.withoutSlash(url) }
        for python in ["python3", "python"] {
            if let url = try await ask(python, ["-m", "pip", "config", "get", "global.index-url"]) { return Self.withoutSlash(url) }
            if let url = try await ask(python, ["-c", Self.question]) { return Self.withoutSlash(url) }
        }
        throw Failure(
            .toolMissing, "No pip is installed that could name the package index.",
            remedy: "Install it (sudo apt-get install python3-pip) or set PIP_INDEX_URL.")
    }

    /// pip keeps its default in a constant that has stayed at this place since 2018.
    private static let question = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"

    private func ask(_ program: String, _ arguments: [String]) async throws -> String? {
        let result: ExecutionResult<Void, StringOutput<UTF8>, DiscardedOutput>
        do {
            result = try await run(
                .name(program), arguments: Arguments(arguments),
                environment: .custom(Dictionary(environment.map { (Environment.Key(stringLiteral: $0), $1) }) { $1 }),
                output: .string(limit: 65_536), error: .discarded)
        } catch is SubprocessError { return nil }
        guard result.terminationStatus.isSuccess, let line = result.standardOutput.split(separator: "\n").last else { return nil }
        return line.hasPrefix("http") ? line.trimmed : nil
    }

    private static func withoutSlash(_ url: String) -> String {
        var url = url
        while url.hasSuffix("/") { url.removeLast() }
        return url
    }
}
