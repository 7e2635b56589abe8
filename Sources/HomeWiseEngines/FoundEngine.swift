// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// A llama-server that is already on the PATH: Homebrew's, a distribution's, or the person's own.
package struct FoundEngine: Sendable {
    package enum Verdict: Sendable, Equatable {
        case none
        case usable(EngineManifest)
        /// It is there, but not good enough; the reason is for the person.
        case unsuitable(path: String, reason: String)
    }

    package var host: EngineHost
    package var recipe: EngineRecipe

    package init(host: EngineHost, recipe: EngineRecipe) {
        self.host = host
        self.recipe = recipe
    }

    /// Options that our launch plan needs it to know.
    static let options = ["--fit", "--offline", "--no-ui", "--no-warmup", "--jinja", "--no-repack", "--load-mode", "--flash-attn"]

    package func look() async throws -> Verdict {
        guard let path = host.find("llama-server") else { return .none }
        let version = try await host.process(path, ["--version"]).run(within: .seconds(10))
        guard version.exit?.isSuccess == true, let build = Self.build(in: version.lines) else {
            return .unsuitable(path: path, reason: "it does not tell its version")
        }
        guard build >= recipe.leastFoundBuild else {
            return .unsuitable(path: path, reason: "build \(build) is too old, \(recipe.leastFoundBuild) is needed")
        }
        let help = try await host.process(path, ["--help"]).run(within: .seconds(10))
        let text = help.lines.joined(separator: "\n")
        guard help.exit?.isSuccess == true else { return .unsuitable(path: path, reason: "it does not tell its options") }
        if let missing = Self.options.first(where: { !text.contains($0) }) {
            return .unsuitable(path: path, reason: "it does not know \(missing)")
        }
        return .usable(EngineManifest(engine: recipe.engine, version: "found-b\(build)", origin: .found, server: path))
    }

    /// “version: 6123 (abc123)”.
    static func build(in lines: [String]) -> Int? {
        lines.lazy.compactMap { line -> Int? in
            guard let range = line.range(of: "version: ") else { return nil }
            return Int(line[range.upperBound...].prefix { $0.isNumber })
        }.first
    }
}
