// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation

extension Failure {
    /// - Parameter reason: the end of a sentence.
    public static func badAddress(_ text: String, reason: String) -> Failure {
        badInput("“\(WebAddress.redacted(text))” is not a web address that can be used: \(reason).", remedy: "Check how it is written.")
    }

    public static func forbiddenAddress(host: String, address: String, kind: AddressClass, namedBy: String) -> Failure {
        Failure(
            .forbiddenAddress, "\(namedBy) leads to \(host), which is at \(address): that is \(kind.words), not on the public network.",
            remedy: "If you trust that server, name its address yourself; a source on the web has no business inside your network.",
            detail: ["host": host, "address": address, "class": kind.rawValue])
    }

    public static func tooManyRedirects(host: String, chain: [String]) -> Failure {
        badReply(host: host, "more than \(chain.count - 1) redirects (\(chain.joined(separator: " → ")))")
            .adding("retry", "no").adding("chain", chain.joined(separator: " "))
    }

    /// - Parameter seconds: how long the source asks to be left alone.
    public static func askedToWait(host: String, seconds: Int64) -> Failure {
        Failure(
            .sourceRefused, "\(host) limits requests and asks to wait \(waiting(seconds)).",
            remedy: "Run the same command again then, or choose another source: what was fetched is kept.",
            detail: ["host": host, "retry_after": "\(seconds)"])
    }

    private static func waiting(_ seconds: Int64) -> String {
        switch seconds {
        case ..<120: "\(seconds) seconds"
        case ..<7_200: "\(seconds / 60) minutes"
        case ..<172_800: "\(seconds / 3_600) hours"
        case ..<(3_650 * 86_400): "\(seconds / 86_400) days"
        default: "more than ten years"
        }
    }

    public static func untrusted(host: String, _ fault: CertificateFault) -> Failure {
        Failure(.tlsUntrusted, "\(host) cannot be trusted: \(fault.words).", remedy: fault.remedy, detail: ["host": host])
    }

    public static func proxyRefused(proxy: String, _ why: String, remedy: String) -> Failure {
        Failure(.proxyRefused, "The proxy \(proxy) \(why).", remedy: remedy, detail: ["proxy": proxy])
    }
}

extension AddressClass {
    /// “… that is *a private network*”.
    var words: String {
        switch self {
        case .public: "a public address"
        case .loopback, .unspecified: "this machine itself"
        case .private, .shared: "a private network"
        case .linkLocal: "an address of this network segment alone"
        case .multicast: "no single machine"
        case .documentation, .benchmark, .reserved: "an address that is not in use"
        }
    }
}

extension CertificateFault {
    var words: String {
        switch self {
        case .expired(let date): "its certificate ran out on \(Self.day(date))"
        case .notYetValid(let date): "its certificate is valid only from \(Self.day(date))"
        case .wrongHost: "its certificate is for another name"
        case .selfSigned: "its certificate is signed by nobody but itself"
        case .unknownIssuer: "its certificate comes from an authority that this machine does not know"
        case .outdatedProtocol: "it speaks only versions of TLS that are no longer safe"
        case .other(let reason): reason
        }
    }

    var remedy: String {
        switch self {
        case .expired, .notYetValid: "Check the clock and date of this machine; if they are right, the server's operator must renew it."
        case .wrongHost: "Check the address; a login page or another server may be answering in its place."
        case .selfSigned, .unknownIssuer:
            "If it is your own network's authority, set SSL_CERT_FILE to its certificate (PEM); else something is listening in."
        case .outdatedProtocol, .other: "Check the address, or choose another source."
        }
    }

    private static func day(_ date: Date) -> String {
        date.formatted(.iso8601.year().month().day())
    }
}
