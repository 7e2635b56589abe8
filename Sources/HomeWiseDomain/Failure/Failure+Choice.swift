// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension Failure {
    public static func unknownModel(_ name: String, nearest: [String]) -> Failure {
        let hint = nearest.isEmpty ? "" : " Did you mean \(nearest.joined(separator: ", "))?"
        return Failure(
            .unknownModel, "There is no model named “\(name)”.\(hint)",
            remedy: "Run `homewise list --all` to see every name, or `homewise run` to let HomeWise choose.",
            detail: ["nearest": nearest.joined(separator: ",")])
    }

    public static func tooLarge(_ name: String, reason: String) -> Failure {
        Failure(
            .modelTooLarge, "\(name) does not fit this machine: \(reason).",
            remedy: "Choose a smaller one, or run `homewise run` without a name for the best that fits.")
    }

    public static func noCandidate(reasons: [String]) -> Failure {
        Failure(
            .noCandidate, "No model could be had for this machine.\n" + reasons.map { "  - \($0)" }.joined(separator: "\n"),
            remedy: "Check the network connection and the free disk space, then run the same command again.")
    }

    public static func termsNotAccepted(model: String, license: String, url: String?) -> Failure {
        Failure(
            .termsNotAccepted, "\(model) comes under \(license)\(url.map { " (\($0))" } ?? ""), which you have not accepted yet.",
            remedy: "Read them, then run: homewise run \(model) --accept-terms")
    }

    public static func badInput(_ message: String, remedy: String) -> Failure {
        Failure(.badInput, message, remedy: remedy)
    }
}
