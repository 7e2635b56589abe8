// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What a registry asks for before it answers (`WWW-Authenticate`, RFC 9110 §11.6.1).
public struct AuthChallenge: Sendable, Equatable {
    /// In small letters: `bearer`, `basic`.
    public var scheme: String
    /// Names in small letters.
    public var parameters: [String: String]

    /// All challenges of one header, in their order; none where it cannot be read.
    public static func all(in header: String) -> [AuthChallenge] {
        guard header.utf8.count <= 8192 else { return [] }
        var reader = Reader(text: Array(header.utf8))
        return reader.challenges()
    }

    /// Reads from left to right; what it does not understand ends the reading.
    private struct Reader {
        let text: [UInt8]
        var position = 0

        mutating func challenges() -> [AuthChallenge] {
            var all: [AuthChallenge] = []
            while let word = token() {
                skip(" \t")
                if all.isEmpty || !take("=") {
                    all.append(AuthChallenge(scheme: word.lowercased(), parameters: [:]))
                } else {
                    guard let value = value() else { return all }
                    // Said twice, two readers could take different ones.
                    guard all[all.count - 1].parameters.updateValue(value, forKey: word.lowercased()) == nil else { return [] }
                }
                skip(", \t")
            }
            return all
        }

        mutating func token() -> String? {
            skip(" \t")
            let start = position
            while position < text.count, Self.isTokenByte(text[position]) { position += 1 }
            return position > start ? String(decoding: text[start..<position], as: UTF8.self) : nil
        }

        mutating func value() -> String? {
            skip(" \t")
            guard take("\"") else { return token() }
            var bytes: [UInt8] = []
            while position < text.count {
                let byte = text[position]
                position += 1
                if byte == UInt8(ascii: "\"") { return String(decoding: bytes, as: UTF8.self) }
                if byte == UInt8(ascii: "\\"), position < text.count {
                    bytes.append(text[position])
                    position += 1
                } else {
                    bytes.append(byte)
                }
            }
            return nil
        }

        mutating func take(_ character: Character) -> Bool {
            guard position < text.count, text[position] == character.asciiValue else { return false }
            position += 1
            return true
        }

        mutating func skip(_ characters: String) {
            while position < text.count, characters.utf8.contains(text[position]) { position += 1 }
        }

        private static func isTokenByte(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
            default: "!#$%&'*+-.^_`|~/:".utf8.contains(byte)
            }
        }
    }
}

/// Where a registry may send somebody for a token (THREATS A12): its own place, or one that is known to be its own.
public struct RealmPolicy: Sendable {
    /// Host, and port where one is named.
    public var registry: String
    /// Whether the registry itself speaks plain http, on this machine.
    public var isPlain: Bool

    public init(registry: String, isPlain: Bool) {
        self.registry = registry
        self.isPlain = isPlain
    }

    /// Registries whose tokens come from a house of their own.
    static let known: [String: Set<String>] = [
        "registry-1.docker.io": ["auth.docker.io"],
        "registry.gitlab.com": ["gitlab.com"],
        "registry.ollama.ai": ["ollama.com"],
        "hf.co": ["huggingface.co"],
        "nvcr.io": ["authn.nvidia.com"],
    ]

    /// - Parameter realm: as the registry wrote it: absolute, without query, fragment and user.
    public func allows(_ realm: String) -> Bool {
        let scheme = isPlain ? "http://" : "https://"
        guard realm.utf8.count <= 2048, realm.lowercased().hasPrefix(scheme), !realm.contains("\\"), !realm.contains("#"),
            realm.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value < 0x7f })
        else { return false }
        let authority = realm.dropFirst(scheme.count).prefix { !"/?#".contains($0) }.lowercased()
        guard !authority.contains("@"), !authority.contains("%") else { return false }
        return authority == registry.lowercased() || authority == registry.lowercased() + (isPlain ? ":80" : ":443")
            || (!isPlain && Self.known[registry.lowercased()]?.contains(authority) == true)
    }

    /// Whether a scope asks for nothing but to read this repository. None at all is filled in by whoever asks.
    public static func isHarmless(scope: String?, for repository: String) -> Bool {
        guard let scope else { return true }
        let parts = scope.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 3 && parts[0] == "repository" && parts[1] == repository && parts[2].split(separator: ",").contains("pull")
    }
}
