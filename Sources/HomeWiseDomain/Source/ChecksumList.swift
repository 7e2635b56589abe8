// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// A list of SHA-256 checksums as it lies beside files: `sha256sum`'s form, BSD's, or one bare checksum.
public struct ChecksumList: Sendable, Equatable {
    private var byName: [String: Digest] = [:]
    /// A file that holds one checksum and no name.
    private var only: Digest?

    /// Lines that are none are passed over: what comes may be a web page.
    public init(_ text: String) {
        var lines = 0
        for line in text.split(whereSeparator: \.isNewline) where !line.trimmed.isEmpty {
            lines += 1
            guard let (digest, name) = Self.entry(line.trimmed) else { continue }
            guard let name else {
                only = digest
                continue
            }
            byName[name] = digest
        }
        if lines != 1 { only = nil }
    }

    /// - Parameter isForOne: the list is `NAME.sha256`, and so one without the name means it too.
    public func digest(of name: String, isForOne: Bool) -> Digest? { byName[name] ?? (isForOne ? only : nil) }

    private static func entry(_ line: String) -> (Digest, String?)? {
        if let rest = line.suffix(after: "SHA256 ("), let close = rest.firstRange(of: ") = ") {
            return digest(rest[close.upperBound...]).map { ($0, name(rest[..<close.lowerBound])) }
        }
        let word = line.prefix { !$0.isWhitespace }
        guard let digest = digest(word) else { return nil }
        let rest = line.dropFirst(word.count).trimmed
        return (digest, rest.isEmpty ? nil : name(rest.hasPrefix("*") ? rest.dropFirst() : Substring(rest)))
    }

    private static func digest(_ text: some StringProtocol) -> Digest? {
        // What is no checksum is no line of the list.
        let lower = text.lowercased()
        return PlainName.isHex(lower, digits: 64) ? try? Digest(sha256: lower) : nil
    }

    /// Lists often say `./name` or `folder/name`: the file beside the list is meant.
    private static func name(_ text: Substring) -> String { String(text.split(separator: "/").last ?? text) }
}
