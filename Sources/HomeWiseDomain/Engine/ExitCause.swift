// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Why a child process ended, in words. Text is matched here and nowhere else: on a foreign program's last words.
public struct ExitCause: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        case outOfMemory, wrongProcessor, missingLibrary, badModel, addressInUse, killed, crashed, failed
    }
    public var kind: Kind
    public var sentence: String

    /// - Parameters:
    ///   - code: exit status, where it exited.
    ///   - signal: number of the signal, where one ended it.
    ///   - tail: last lines of its log.
    public init(code: Int32?, signal: Int32?, tail: [String]) {
        let rule = Self.rules.first { rule in tail.contains { line in rule.words.contains { line.containsIgnoringCase($0) } } }
        if let rule {
            self.init(rule.kind, rule.sentence)
        } else if let signal {
            self.init(signal: signal)
        } else {
            self.init(.failed, "it exited with status \(code ?? -1)")
        }
    }

    private init(_ kind: Kind, _ sentence: String) {
        self.kind = kind
        self.sentence = sentence
    }

    private init(signal: Int32) {
        switch signal {
        case 4: self.init(.wrongProcessor, "it was built for another processor (illegal instruction)")
        case 9: self.init(.killed, "it was killed, most likely because the system ran out of memory")
        case 6, 7, 8, 11: self.init(.crashed, "it crashed (signal \(signal))")
        default: self.init(.killed, "it was ended by signal \(signal)")
        }
    }

    private static let rules: [(kind: Kind, words: [String], sentence: String)] = [
        (
            .outOfMemory, ["out of memory", "failed to allocate", "cannot allocate memory", "std::bad_alloc"],
            "there was not enough memory"
        ),
        (.missingLibrary, ["error while loading shared libraries", "library not loaded"], "a library it needs is missing"),
        (.addressInUse, ["address already in use", "couldn't bind"], "its address is in use"),
        (
            .badModel, ["failed to load model", "error loading model", "unknown model architecture", "invalid magic"],
            "it cannot read the model's file"
        ),
    ]
}

extension String {
    fileprivate func containsIgnoringCase(_ words: String) -> Bool { lowercased().contains(words) }
}
