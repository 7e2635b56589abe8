// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What is wrong with the bytes of a model's file: the kind for programs, the field and the reason for people.
public struct FormatFault: Error, Sendable, Equatable, Codable {
    /// An open set of stable names.
    public struct Kind: RawRepresentable, Hashable, Sendable, Codable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The file ends before what it announces.
        public static let truncated = Self(rawValue: "truncated")
        /// Not this format at all.
        public static let notThisFormat = Self(rawValue: "not_this_format")
        /// A version or type that is not known here.
        public static let unsupported = Self(rawValue: "unsupported")
        /// A count or size beyond what any real model has.
        public static let tooLarge = Self(rawValue: "too_large")
        /// A value that cannot be.
        public static let badValue = Self(rawValue: "bad_value")
        /// The same key or name twice.
        public static let duplicate = Self(rawValue: "duplicate")
        /// A vocabulary that would make an engine write where it must not.
        public static let unsafeVocabulary = Self(rawValue: "unsafe_vocab")
        /// A path that leads out of the model's folder.
        public static let unsafePath = Self(rawValue: "unsafe_path")
    }

    public let kind: Kind
    /// The field, as the format names it: `llama.block_count`, `tensor blk.0.attn_q.weight`.
    public let field: String
    /// A clause: “3 is no power of two”.
    public let reason: String

    public init(_ kind: Kind, _ field: String, _ reason: String) {
        self.kind = kind
        // Names come from strangers: long and unprintable ones do not belong in a message.
        self.field = String(
            String.UnicodeScalarView(field.unicodeScalars.prefix(80).filter { $0.value >= 32 && !(127..<160).contains($0.value) }))
        self.reason = reason
    }

    public static func truncated(_ field: String, _ reason: String) -> Self { Self(.truncated, field, reason) }
    public static func tooLarge(_ field: String, _ reason: String) -> Self { Self(.tooLarge, field, reason) }
    public static func badValue(_ field: String, _ reason: String) -> Self { Self(.badValue, field, reason) }
}

extension Failure.Code {
    public static let malformedModel = Self(rawValue: "malformed_model")
}

extension Failure {
    /// A file that is not what it should be, with file and field.
    public static func malformed(file: String, _ fault: FormatFault) -> Failure {
        Failure(
            .malformedModel, "\(file) is not a sound model file: \(fault.field): \(fault.reason).",
            remedy: "Fetch it again from a source that you trust; HomeWise does not hand it to an engine.",
            detail: ["file": file, "field": fault.field, "kind": fault.kind.rawValue])
    }
}
