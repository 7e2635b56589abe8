// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

public import Foundation

/// Why a server could not prove who it is.
public enum CertificateFault: Sendable, Equatable {
    case expired(since: Date)
    case notYetValid(until: Date)
    case wrongHost
    case selfSigned
    case unknownIssuer
    /// It speaks no version of TLS that is still safe.
    case outdatedProtocol
    case other(String)

    /// What is known of one certificate that a server showed.
    public struct Shown: Sendable, Equatable {
        public var notBefore: Date
        public var notAfter: Date
        public var isSelfIssued: Bool

        public init(notBefore: Date, notAfter: Date, isSelfIssued: Bool) {
            self.notBefore = notBefore
            self.notAfter = notAfter
            self.isSelfIssued = isSelfIssued
        }
    }

    /// The reason why a chain was not trusted, most telling first. The chain has been refused already: this only explains it.
    ///
    /// - Parameter chain: the server's own certificate first.
    public init(of chain: [Shown], at now: Date) {
        if let expired = chain.first(where: { $0.notAfter < now }) {
            self = .expired(since: expired.notAfter)
        } else if let early = chain.first(where: { $0.notBefore > now }) {
            self = .notYetValid(until: early.notBefore)
        } else if chain.first?.isSelfIssued == true {
            self = .selfSigned
        } else {
            self = .unknownIssuer
        }
    }

    /// Whether issuer and subject of a certificate are the same, read from its DER form. What cannot be read is `false`.
    public static func isSelfIssued(der: [UInt8]) -> Bool {
        var outer = DERCursor(der[...])
        guard let certificate = outer.next(), certificate.tag == 0x30 else { return false }
        var inner = DERCursor(certificate.content)
        guard let signed = inner.next(), signed.tag == 0x30 else { return false }
        var fields = DERCursor(signed.content)
        var elements: [DERCursor.Element] = []
        while elements.count < 7, let element = fields.next() { elements.append(element) }
        // [0] version (optional), serial number, algorithm, issuer, validity, subject.
        let start = elements.first?.tag == 0xa0 ? 1 : 0
        guard elements.count > start + 4 else { return false }
        return elements[start + 2].content.elementsEqual(elements[start + 4].content)
    }
}

/// Walks the elements of one level of DER.
private struct DERCursor {
    struct Element {
        let tag: UInt8
        let content: ArraySlice<UInt8>
    }

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    mutating func next() -> Element? {
        guard rest.count >= 2, let tag = rest.popFirst(), let first = rest.popFirst() else { return nil }
        var length = Int(first)
        if first >= 0x80 {
            let count = Int(first & 0x7f)
            guard (1...3).contains(count), rest.count >= count else { return nil }
            length = rest.prefix(count).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(count)
        }
        guard rest.count >= length else { return nil }
        defer { rest = rest.dropFirst(length) }
        return Element(tag: tag, content: rest.prefix(length))
    }
}
