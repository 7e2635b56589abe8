// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What a source says no to, and what of it cannot be used.
extension Failure {
    public static func noSuchQuantization(_ repository: String, wanted: String, choices: [String]) -> Failure {
        let offer = choices.isEmpty ? "none" : choices.prefix(40).joined(separator: ", ")
        return Failure(
            .notAtSource, "\(repository) has no \(wanted.prefix(80)); it has \(offer).",
            remedy: "Name one of these behind a colon: \(repository):\(choices.first ?? "Q4_K_M")",
            detail: ["choices": choices.joined(separator: ",")])
    }

    public static func ambiguousQuantization(_ repository: String, wanted: String?, choices: [String]) -> Failure {
        Failure(
            .badInput,
            "\(repository) has several files that \(wanted.map { "“\($0.prefix(80))”" } ?? "nothing more said") may mean: \(choices.prefix(20).joined(separator: ", ")).",
            remedy: "Name the file itself: \(repository)/\(choices.first ?? "FILE")", detail: ["choices": choices.joined(separator: ",")])
    }

    public static func incompleteModel(_ repository: String, file: String, present: Int, of count: Int) -> Failure {
        Failure(
            .notAtSource, "\(repository) has only \(present) of the \(count) parts of the model that begins with \(file).",
            remedy: "Its publisher may still be uploading: try again later, or choose another quantisation.")
    }

    /// - Parameter format: what was looked for, as a person reads it.
    public static func noModelFiles(_ place: String, format: String) -> Failure {
        Failure(
            .notAtSource, "\(place) has no model files in \(format).",
            remedy: "Choose another repository: many publishers keep GGUF files in one whose name ends with -GGUF.")
    }

    public static func unlisted(_ file: String, in place: String, host: String) -> Failure {
        Failure(.notAtSource, "\(place) has no file \(file).", remedy: "Choose another model or source.", detail: ["host": host])
    }

    public static func packedInRegistry(_ name: String, mediaType: String) -> Failure {
        Failure(
            .notAtSource, "\(name) keeps its files in a form that HomeWise does not unpack (\(mediaType.prefix(120))).",
            remedy: "Choose a model whose files are layers of their own, such as one packed with oras or docker model package.")
    }

    /// A source that offers other bytes than are meant.
    public static func contradicted(_ file: String, source: String, expected: Digest, offered: Digest) -> Failure {
        Failure(
            .digestMismatch, "\(source) offers another \(file) than is meant.",
            remedy: "It may hold an older or a changed version; it is left out.",
            detail: ["expected": "\(expected)", "offered": "\(offered)"])
    }
}

/// The Hugging Face hub's own refusals.
extension Failure {
    public static func gated(_ repository: String, endpoint: String, hasToken: Bool, status: Int) -> Failure {
        let remedy =
            hasToken
            ? "Accept its terms at \(endpoint)/\(repository) with the account that your token belongs to, and check that the token may read gated repositories."
            : "Accept its terms at \(endpoint)/\(repository), make a token under Settings there, and set HF_TOKEN."
        return Failure(
            .sourceRefused, "\(repository) is gated: its publisher hands it out to those who accept its terms.", remedy: remedy,
            detail: ["status": "\(status)", "reason": "GatedRepo"])
    }

    public static func noRepository(_ repository: String, host: String, hasToken: Bool, status: Int) -> Failure {
        Failure(
            .notAtSource, "\(host) knows no repository \(repository), or keeps it private.",
            remedy: hasToken
                ? "Check the name; if it is private, your token's account must be allowed to see it."
                : "Check the name; if it is private, set HF_TOKEN to a token that may read it.",
            detail: ["host": host, "status": "\(status)", "reason": "RepoNotFound"])
    }

    public static func noRevision(_ revision: String, of repository: String, host: String) -> Failure {
        Failure(
            .notAtSource, "\(repository) has no revision “\(revision.prefix(100))” on \(host).",
            remedy: "Leave the revision out for the newest, or look up its branches and tags.",
            detail: ["host": host, "reason": "RevisionNotFound"])
    }

    public static func disabled(_ repository: String, host: String, status: Int) -> Failure {
        Failure(
            .sourceRefused, "\(host) has closed \(repository) to everybody.",
            remedy: "Choose another model; the repository's page may say why.",
            detail: ["host": host, "status": "\(status)", "reason": "DisabledRepo"])
    }

    public static func tokenRefused(host: String, variable: String) -> Failure {
        Failure(
            .sourceRefused, "\(host) does not accept the token that you gave.",
            remedy: "Make a new one there and set \(variable), or unset it: public models need none.",
            detail: ["host": host, "status": "401", "reason": "InvalidToken"])
    }

    public static func xetOnly(_ file: String, of repository: String) -> Failure {
        Failure(
            .notAtSource, "\(file) of \(repository) is kept in Xet's pieces alone, which HomeWise does not put together.",
            remedy:
                "Fetch it with the hub's own tool (hf download \(repository) \(file)) and name the file that it leaves, or choose another repository."
        )
    }

    /// A mirror that does not have the version that is pinned.
    public static func otherRevision(_ repository: String, host: String, wanted: String, offered: String) -> Failure {
        Failure(
            .digestMismatch, "\(host) serves another version of \(repository) than the one that is meant.",
            remedy: "It may lag behind; the pinned version is taken from elsewhere.",
            detail: ["host": host, "expected": wanted, "offered": offered])
    }
}

/// Registries.
extension Failure {
    public static func realmRefused(registry: String, realm: String) -> Failure {
        Failure(
            .sourceRefused, "\(registry) sends you to \(realm.prefix(200)) to log in, which is not its own place; nothing was sent there.",
            remedy: "The registry is misconfigured or hostile; choose another source.", detail: ["host": registry, "status": "401"])
    }

    public static func registryNeedsLogin(_ registry: String, repository: String, status: Int, remedy: String) -> Failure {
        Failure(
            .sourceRefused, "\(registry) does not hand out \(repository) without a login that allows it, or does not have it.",
            remedy: remedy, detail: ["host": registry, "status": "\(status)"])
    }

    public static func severalPlatforms(_ name: String, _ platforms: [String]) -> Failure {
        Failure(
            .badInput, "\(name) stands for several things: \(platforms.prefix(20).joined(separator: ", ")).",
            remedy: "Name one by its digest: oci:…@sha256:…")
    }
}

/// What a person typed.
extension Failure {
    public static func perhapsRepository(_ text: String) -> Failure {
        Failure(
            .unknownModel, "There is no model named “\(text.prefix(120))”.",
            remedy:
                "If it is a repository on the Hugging Face hub, write hf:\(text.prefix(120)); if it is a file here, write ./\(text.prefix(120))."
        )
    }
}
