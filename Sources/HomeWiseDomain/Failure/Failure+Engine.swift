// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension Failure {
    public static func engineMissing(_ engine: String) -> Failure {
        Failure(
            .engineMissing, "The engine \(engine) is not installed.",
            remedy: "Run: homewise engine install \(engine)")
    }

    public static func toolsMissing(_ tools: [String], packages: [String]) -> Failure {
        Failure(
            .toolMissing, "Building the engine needs \(tools.joined(separator: ", ")), not found on this machine.",
            remedy: "Run: sudo apt-get install \(packages.joined(separator: " "))")
    }

    public static func buildFailed(step: String, status: String, tail: [String], log: String) -> Failure {
        Failure(
            .engineBuildFailed, "Building the engine failed in step “\(step)” (\(status)).\n\(quoted(tail))",
            remedy: "The whole log is in \(log). Fix what it names and run the same command again: it goes on where it stopped.",
            detail: ["log": log])
    }

    public static func engineDidNotStart(_ cause: String, tail: [String]) -> Failure {
        Failure(
            .engineStartFailed, "The engine did not start: \(cause).\n\(quoted(tail))",
            remedy: "If the lines above name a missing library, run: homewise engine install llama.cpp --rebuild")
    }

    public static func engineDied(_ cause: String, tail: [String]) -> Failure {
        Failure(
            .engineDied, "The engine ended while it was working: \(cause).\n\(quoted(tail))",
            remedy: "Run the same command again; a smaller model or context helps if memory ran out.")
    }

    public static func engineRefused(status: Int, _ message: String) -> Failure {
        Failure(
            .engineRefused, "The engine refused the request (\(status)): \(message)",
            remedy: "Shorten the prompt or start a new conversation.")
    }

    /// The end of a foreign log, set off from our own words.
    private static func quoted(_ tail: [String]) -> String {
        tail.isEmpty ? "  (it left no log)" : tail.map { "  | \($0)" }.joined(separator: "\n")
    }
}
