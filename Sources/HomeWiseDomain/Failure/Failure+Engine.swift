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

    /// Detail of an engine's failure: the raw value of `ExitCause.Kind`.
    public static let causeDetail = "cause"

    public static func engineDidNotStart(_ cause: ExitCause, tail: [String]) -> Failure {
        Failure(
            .engineStartFailed, "The engine did not start: \(cause.sentence).\n\(quoted(tail))", remedy: cause.remedy,
            detail: [causeDetail: cause.kind.rawValue])
    }

    public static func engineDied(_ cause: ExitCause, tail: [String]) -> Failure {
        Failure(
            .engineDied, "The engine ended while it was working: \(cause.sentence).\n\(quoted(tail))", remedy: cause.remedy,
            detail: [causeDetail: cause.kind.rawValue])
    }

    /// Why the engine failed, where this is a failure of an engine.
    public var engineCause: ExitCause.Kind? { detail[Self.causeDetail].flatMap(ExitCause.Kind.init(rawValue:)) }

    /// Whether nothing is left to try: the engine has no successor.
    public var isFinal: Bool { detail["tried"] != nil }

    /// What was tried in vain, for the end of the ladder.
    public func afterTrying(_ taken: [RecoveryLadder.Taken]) -> Failure {
        let tried = taken.isEmpty ? "" : "\nTried before giving up:\n" + taken.map { "  - \($0.sentence)" }.joined(separator: "\n")
        return Failure(
            code, message + tried, remedy: remedy,
            detail: detail.merging(["tried": taken.map(\.rung.rawValue).joined(separator: ",")]) { _, new in new })
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
