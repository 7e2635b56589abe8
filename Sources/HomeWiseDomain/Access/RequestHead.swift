// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What the access policy looks at in a request. The query is not in it: no secret and no right comes by one.
public struct RequestHead: Sendable, Equatable {
    public var method: String
    /// As each header said it, in order: one that comes twice is not the same as one that comes once.
    public var hosts: [String] = []
    public var origins: [String] = []
    /// `Sec-Fetch-Site`: what a browser says of the page that asks.
    public var fetchSites: [String] = []
    public var contentTypes: [String] = []
    /// Keys, however they came.
    public var keys: [String] = []
    /// Bytes of the body as it was announced; `nil` where it was not.
    public var announcedLength: Int64?
    public var hasBody = false

    /// Longer ones are none of ours, and are not looked up.
    public static let longestKey = 256

    public init(method: String) { self.method = method }

    /// - Parameter fields: names in any case.
    public init(method: String, fields: some Sequence<(name: String, value: String)>) {
        self.init(method: method)
        for (name, value) in fields { take(name.lowercased(), value.trimmingBlanks) }
    }

    private mutating func take(_ name: String, _ value: String) {
        switch name {
        case "host", ":authority": hosts.append(value)
        case "origin": origins.append(value)
        case "sec-fetch-site": fetchSites.append(value)
        case "content-type": contentTypes.append(value)
        case "content-length":
            announcedLength = Int64(value)
            hasBody = hasBody || announcedLength != 0
        case "transfer-encoding": hasBody = true
        case "x-api-key": take(key: value)
        case "authorization":
            let words = value.split(separator: " ", maxSplits: 1)
            if words.count == 2, words[0].lowercased() == "bearer" { take(key: String(words[1]).trimmingBlanks) }
        default: break
        }
    }

    private mutating func take(key: String) {
        guard !key.isEmpty, key.utf8.count <= Self.longestKey, keys.count < 4 else { return }
        keys.append(key)
    }

    /// The type of the body without its parameters, in small letters; `nil` where none is given, or more than one.
    public var mediaType: String? {
        guard contentTypes.count == 1 else { return nil }
        return contentTypes[0].prefix { $0 != ";" }.lowercased().trimmingBlanks
    }
}

extension String {
    /// Without the blanks that HTTP allows around a value.
    var trimmingBlanks: String {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
        let bytes = utf8
        guard let first = bytes.firstIndex(where: { !isBlank($0) }), let last = bytes.lastIndex(where: { !isBlank($0) }) else { return "" }
        return String(self[first...last])
    }
}
