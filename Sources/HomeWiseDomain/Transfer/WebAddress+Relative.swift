// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation

extension WebAddress {
    /// What a reference (`Location`, a link in a listing) means from here: RFC 3986, §5.2.
    ///
    /// - Throws: `Fault`.
    public func resolving(_ reference: String) throws -> WebAddress {
        try Self.check(reference)
        let text = reference.prefix { $0 != "#" }
        guard let first = text.first else { throw Fault(reason: "it is empty") }
        if Self.hasScheme(text) { return try WebAddress(String(text)) }
        if text.hasPrefix("//") { return try WebAddress("\(scheme.rawValue):\(text)") }
        switch first {
        case "/": return try WebAddress("\(origin)\(text)")
        case "?": return try WebAddress("\(origin)\(path)\(text)")
        default: return try WebAddress("\(origin)\(path[...(path.lastIndex(of: "/") ?? path.startIndex)])\(text)")
        }
    }

    /// `a/b:c` is a path; `b:c` is a scheme and what follows.
    private static func hasScheme(_ text: Substring) -> Bool {
        guard let end = text.firstIndex(where: { ":/?".contains($0) }), text[end] == ":" else { return false }
        let scheme = text[..<end]
        return scheme.first?.isLetter ?? false && scheme.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
    }

    /// RFC 3986, §5.2.4. The path is encoded and begins with a slash.
    static func withoutDots(_ path: String) -> String {
        guard mayHoldDots(path.utf8) else { return path }
        var kept: [Substring] = []
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        for segment in segments {
            switch segment.lowercased() {
            case ".", "%2e": break
            case "..", ".%2e", "%2e.", "%2e%2e": kept = kept.dropLast()
            default: kept.append(segment)
            }
        }
        let endsInDots = segments.last.map { [".", "..", "%2e", ".%2e", "%2e.", "%2e%2e"].contains($0.lowercased()) } ?? false
        return "/" + kept.joined(separator: "/") + (endsInDots && !kept.isEmpty ? "/" : "")
    }

    private static func mayHoldDots(_ path: String.UTF8View) -> Bool {
        var last = UInt8(0)
        for byte in path {
            if last == UInt8(ascii: "/"), byte == UInt8(ascii: ".") || byte == UInt8(ascii: "%") { return true }
            last = byte
        }
        return false
    }

    /// A text that may or may not be an address, as it may be shown: without what could be a secret in it.
    public static func redacted(_ text: String) -> String {
        if let address = try? WebAddress(text) { return address.shown }
        let plain = text.prefix { $0 != "?" && $0 != "#" }
        let printable = String(plain.prefix(200).map { $0.isASCII && ($0.asciiValue ?? 0) >= 0x20 && $0 != "\u{7f}" ? $0 : "�" })
        guard let at = printable.lastIndex(of: "@") else { return printable }
        let scheme = printable.range(of: "://").map { printable[..<$0.upperBound] } ?? ""
        return String(scheme) + printable[printable.index(after: at)...]
    }
}
