// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// The one error of the house: a code for programs, a sentence and a remedy for people, details for whoever digs.
public struct Failure: Error, Sendable, Equatable, Codable, CustomStringConvertible {
    /// An open set of stable, machine-readable names: a newer HomeWise may send one that this one does not know.
    public struct Code: RawRepresentable, Hashable, Sendable, Codable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
    }

    public let code: Code
    /// What went wrong, as one sentence.
    public let message: String
    /// What to do next, as one sentence.
    public let remedy: String
    /// Facts worth reading when digging. Never holds a secret.
    public let detail: [String: String]

    public init(_ code: Code, _ message: String, remedy: String, detail: [String: String] = [:]) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.detail = detail
    }

    public var description: String { "\(message) (\(code.rawValue))" }
}

extension Failure.Code {
    public static let badInput = Self(rawValue: "bad_input")
    public static let unknownModel = Self(rawValue: "unknown_model")
    public static let modelTooLarge = Self(rawValue: "model_too_large")
    public static let noCandidate = Self(rawValue: "no_candidate")
    public static let termsNotAccepted = Self(rawValue: "terms_not_accepted")
    public static let noNetwork = Self(rawValue: "no_network")
    public static let sourceRefused = Self(rawValue: "source_refused")
    public static let notAtSource = Self(rawValue: "not_at_source")
    public static let badReply = Self(rawValue: "bad_reply")
    public static let insecureRedirect = Self(rawValue: "insecure_redirect")
    public static let sizeMismatch = Self(rawValue: "size_mismatch")
    public static let digestMismatch = Self(rawValue: "digest_mismatch")
    public static let damagedArchive = Self(rawValue: "damaged_archive")
    public static let unsafePath = Self(rawValue: "unsafe_path")
    public static let diskFull = Self(rawValue: "disk_full")
    public static let storeUnusable = Self(rawValue: "store_unusable")
    public static let engineMissing = Self(rawValue: "engine_missing")
    public static let engineBuildFailed = Self(rawValue: "engine_build_failed")
    public static let engineStartFailed = Self(rawValue: "engine_start_failed")
    public static let engineDied = Self(rawValue: "engine_died")
    public static let engineRefused = Self(rawValue: "engine_refused")
    public static let addressInUse = Self(rawValue: "address_in_use")
    public static let toolMissing = Self(rawValue: "tool_missing")
    public static let interrupted = Self(rawValue: "interrupted")
    public static let `internal` = Self(rawValue: "internal")
}

extension Failure {
    /// Wraps whatever a library threw, so that a person still gets a sentence and a way on.
    public static func wrapping(_ error: any Error, doing what: String) -> Failure {
        if let failure = error as? Failure { return failure }
        if error is CancellationError { return .interrupted(what) }
        return Failure(
            .internal, "\(what) failed: \(error)",
            remedy: "Please report this with the lines above; running the same command again is safe.")
    }

    public static func interrupted(_ what: String) -> Failure {
        Failure(
            .interrupted, "Interrupted while \(what).",
            remedy: "Nothing is lost: run the same command again to go on from here.")
    }
}

extension Failure {
    /// The sentence without the foreign lines that may follow it.
    public var firstLine: String { message.split(separator: "\n").first.map(String.init) ?? message }

    /// The same failure, with a sentence that tells where it comes from.
    public func explained(by sentence: String) -> Failure {
        Failure(code, message + "\n" + sentence, remedy: remedy, detail: detail)
    }

    /// The same failure with one more fact.
    public func adding(_ key: String, _ value: String) -> Failure {
        Failure(code, message, remedy: remedy, detail: detail.merging([key: value]) { _, new in new })
    }
}
