// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation

/// Queries of addresses often hold a secret: a signature that opens a private file for an hour, a token that opens an account for
/// a year. What is kept and shown is the address without it, from which a person gets the next one.
///
/// No list of names is complete, so a value that looks drawn by lot counts as a secret too, whatever it is called. To lose a
/// harmless value costs a new address; to keep a secret one costs the secret.
public enum SignedQuery {
    /// - Parameter address: as it was typed. A fragment stays only where it tells a checksum.
    /// - Returns: what is left stands as it was written; an address without a secret comes back unchanged.
    public static func removed(from address: String) -> String {
        let halves = address.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let fragment = halves.count == 2 && isChecksum(halves[1]) ? "#\(halves[1])" : ""
        let parts = halves[0].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return String(halves[0]) + fragment }
        let items = parts[1].split(omittingEmptySubsequences: false) { $0 == "&" || $0 == ";" }
        let isSigned = items.contains { isSignature(name(of: $0)) }
        let kept = items.filter { !isSecret($0, inSigned: isSigned) }
        if kept.count == items.count { return String(halves[0]) + fragment }
        return parts[0] + (kept.isEmpty ? "" : "?\(kept.joined(separator: "&"))") + fragment
    }

    private static func isChecksum(_ fragment: Substring) -> Bool { fragment.hasPrefix("sha256=") || fragment.hasPrefix("sha256:") }

    private static func name(of item: Substring) -> String { decoded(item.prefix { $0 != "=" }).lowercased() }

    private static func isSecret(_ item: Substring, inSigned isSigned: Bool) -> Bool {
        let name = name(of: item)
        if isSignature(name) || words.contains(where: name.contains) { return true }
        if isSigned, belongings.contains(name) { return true }
        if harmless.contains(name) { return false }
        guard let equals = item.firstIndex(of: "=") else { return isDrawnByLot(decoded(item)) }
        return isDrawnByLot(decoded(item[item.index(after: equals)...]))
    }

    private static func isSignature(_ name: String) -> Bool {
        ["sig", "sign", "key", "hdnts", "hdnea", "verify"].contains(name) || name.contains("signature")
            || ["x-amz-", "x-goog-", "x-oss-", "x-cos-", "x-obs-", "x-ms-", "x-bce-", "q-"].contains(where: name.hasPrefix)
    }

    /// Inside of a name each of them tells what its value is for.
    private static let words = [
        "token", "secret", "passw", "passphrase", "pwd", "credential", "auth", "apikey", "api_key", "api-key", "accesskey", "access_key",
        "accessid", "access-key", "session", "jwt", "hmac", "key-pair-id",
    ]

    /// What stands beside a signature and is worth nothing without it: Amazon's and Azure's short names among them.
    private static let belongings: Set = [
        "expires", "expire", "exp", "policy", "se", "sp", "sv", "sr", "st", "ss", "srt", "sip", "spr", "skoid", "sktid", "skt", "ske",
        "sks",
        "skv",
    ]

    /// Values of these are long and look random, and say which file is meant.
    private static let harmless: Set = [
        "revision", "rev", "ref", "commit", "sha", "sha256", "branch", "tag", "version", "versionid", "filepath", "file", "filename",
        "path",
        "name", "id", "model",
    ]

    /// Twelve letters and digits in a row, both kinds among them, are no word.
    private static func isDrawnByLot(_ value: String) -> Bool {
        value.split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }.contains { run in
            run.count >= 12 && run.contains(where: \.isNumber) && run.contains(where: \.isLetter)
        }
    }

    private static func decoded(_ text: some StringProtocol) -> String { text.removingPercentEncoding ?? String(text) }
}
