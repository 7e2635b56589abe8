// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What is said to whoever is refused. Nothing of this machine or its models is in it.
extension Refusal {
    public static let ambiguousHost = Refusal(
        400, Failure(.hostRefused, "The request does not name one host.", remedy: "Send one Host header with the address that was asked."))

    public static func foreignHost(_ host: String) -> Refusal {
        Refusal(
            421,
            Failure(
                .hostRefused, "“\(host.printable)” is no name of this server.",
                remedy: "Ask localhost or 127.0.0.1 with the right port, or allow the name: homewise serve --name NAME"))
    }

    public static func foreignOrigin(_ origin: String?) -> Refusal {
        Refusal(
            403,
            Failure(
                .originRefused, "A page of another place (\(origin.map { "“\($0.printable)”" } ?? "unknown")) may not ask this server.",
                remedy: "Where the page is trusted, allow it: homewise serve --allow-origin ORIGIN"))
    }

    public static let othersSocket = Refusal(
        403,
        Failure(.notAllowed, "This socket belongs to another person.", remedy: "Ask the server's address with a key of theirs instead."))

    public static func keyNeeded(_ caller: Caller) -> Refusal {
        let who =
            switch caller {
            case .otherUser: "A program of another person on this machine"
            case .unknown: "A program whose owner cannot be told"
            case .remote, .sameUser: "Whoever asks over the network"
            }
        return Refusal(
            401,
            Failure(
                .keyNeeded, "\(who) needs a key, and none that is known was given.",
                remedy: "Make one with: homewise keys create NAME; send it as Authorization: Bearer KEY, or as x-api-key."))
    }

    public static func keyTooNarrow(_ scope: AccessScope) -> Refusal {
        Refusal(
            403,
            Failure(
                .notAllowed, "The key does not allow this.",
                remedy: "Use one with the scope \(scope.rawValue): homewise keys create NAME --scope \(scope.rawValue)"))
    }

    public static func wrongMediaType(_ type: String?, wanted: [String]) -> Refusal {
        Refusal(
            415,
            Failure(
                .mediaTypeRefused, type.map { "A body of the type “\($0.printable)” is not taken." } ?? "The body has no type.",
                remedy: "Send the header: Content-Type: \(wanted.first ?? RouteRule.json[0])"))
    }

    public static func bodyTooLong(limit: Int) -> Refusal {
        Refusal(
            413,
            Failure(
                .tooLong, "The request is longer than this route takes.", remedy: "Send at most \(limit) bytes.",
                detail: ["limit": "\(limit)"]))
    }

    public static let headersTooLong = Refusal(
        431, Failure(.tooLong, "The headers are too many or too long.", remedy: "Send fewer or shorter ones."))

    public static let malformed = Refusal(
        400, Failure(.badInput, "This is no HTTP request that we read.", remedy: "Send HTTP/1.1 with a path that begins with a slash."))

    public static let noSuchRoute = Refusal(
        404, Failure(.noSuchRoute, "There is nothing at this path.", remedy: "The README lists what is served."))

    public static let ending = Refusal(
        503, Failure(.notServing, "The server is ending.", remedy: "Ask again when it has been started again."))
}

extension Failure {
    /// Beyond loopback only with both: an address that anybody reaches gives nothing away unasked, and no key in the clear.
    public static func openAddress(_ endpoint: Endpoint, hasKey: Bool, hasTLS: Bool) -> Failure {
        let steps = [hasKey ? nil : "make a key with: homewise keys create NAME", hasTLS ? nil : "add: --tls"].compactMap { $0 }
        return Failure(
            .openAddress,
            "\(endpoint) is open to other machines, and there is no \(hasKey ? "" : "key")\(hasKey || hasTLS ? "" : " and no ")\(hasTLS ? "" : "TLS").",
            remedy: "First \(steps.joined(separator: ", and ")). Or listen at 127.0.0.1 alone.")
    }
}

extension Failure.Code {
    public static let hostRefused = Self(rawValue: "host_refused")
    public static let originRefused = Self(rawValue: "origin_refused")
    public static let keyNeeded = Self(rawValue: "key_needed")
    public static let notAllowed = Self(rawValue: "not_allowed")
    public static let mediaTypeRefused = Self(rawValue: "media_type_refused")
    public static let tooLong = Self(rawValue: "too_long")
    public static let noSuchRoute = Self(rawValue: "no_such_route")
    public static let openAddress = Self(rawValue: "open_address")
}

extension String {
    /// At most 80 characters without control characters: words of strangers, to be shown.
    var printable: String { String(unicodeScalars.prefix(80).map { $0.properties.generalCategory == .control ? "?" : Character($0) }) }
}

extension Failure {
    public static func unusableCertificate(_ path: String, _ reason: String) -> Failure {
        Failure(
            .badInput, "The certificate \(path) cannot be used: \(reason)",
            remedy: "Give one in PEM with its key (--tls-certificate, --tls-key), or remove it and let one be made: --tls")
    }
}
