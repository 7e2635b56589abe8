// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// The names in a cache of the Hugging Face hub's tools: `models--org--repo`, commits, blobs.
public enum HubCacheName {
    /// - Returns: `org/repo`, or the bare name of an old repository without owner; `nil` for another kind of folder.
    public static func repository(_ folder: String) -> String? {
        guard folder.hasPrefix("models--") else { return nil }
        let name = folder.dropFirst(8)
        // The hub allows no “--” in names, so the first one is the slash.
        let parts = name.split(separator: "--", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.allSatisfy({ PlainName.isOne($0) }) else { return nil }
        return parts.joined(separator: "/")
    }

    public static func isCommit(_ name: String) -> Bool { PlainName.isHex(name, digits: 40) }

    /// Large files are kept under their SHA-256, small ones under git's own name.
    public static func digest(ofBlob name: String) -> Digest? { try? Digest(sha256: name) }
}
