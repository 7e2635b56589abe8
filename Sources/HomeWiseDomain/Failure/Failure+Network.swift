// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension Failure.Code {
    /// A host that somebody else named leads into a private network.
    public static let forbiddenAddress = Self(rawValue: "forbidden_address")
    public static let tlsUntrusted = Self(rawValue: "tls_untrusted")
    public static let proxyRefused = Self(rawValue: "proxy_refused")
}

extension Failure {
    public static func noRoute(host: String, reason: String) -> Failure {
        Failure(
            .noNetwork, "\(host) cannot be reached (\(reason)).",
            remedy: "Check the network connection; what was already fetched is kept for the next try.",
            detail: ["host": host])
    }

    public static func stalled(host: String, seconds: Int) -> Failure {
        Failure(
            .noNetwork, "\(host) sent nothing for \(seconds) s.",
            remedy: "Run the same command again: it goes on where it stopped.", detail: ["host": host])
    }

    /// - Parameter by: whose no it is, where that is not the host itself.
    public static func refused(host: String, status: Int, what: String, by keeper: Gatekeeper = .web) -> Failure {
        let code: Code = [404, 410].contains(status) ? .notAtSource : .sourceRefused
        return Failure(
            code, "\(host) answered \(status) for \(what.contains("://") ? WebAddress.redacted(what) : what).",
            remedy: remedy(forStatus: status, keeper),
            detail: ["host": host, "status": "\(status)"])
    }

    private static func remedy(forStatus status: Int, _ keeper: Gatekeeper) -> String {
        switch status {
        case 401, 403: keeper.remedy
        case 404, 410: "It was moved or removed; choose another model or source."
        case 429: "The source limits requests: wait a few minutes and run the same command again."
        case 451: "The source may not hand this out where you are; choose another model."
        case 500...: "The source has a fault of its own: try again later."
        default: "Try again later, or choose another source."
        }
    }

    public static func badReply(host: String, _ why: String) -> Failure {
        Failure(
            .badReply, "\(host) sent an answer that cannot be right: \(why).",
            remedy: "A proxy or login page may be in between. Run the same command again: what was proven is kept.", detail: ["host": host])
    }

    /// A host that says that the bytes which were asked for are not there (416), and does not say that the file is a shorter one.
    public static func noSuchRange(host: String, of file: String) -> Failure {
        badReply(host: host, "it has no such part of \(file)").adding("retry", "no").adding("status", "416")
    }

    public static func insecureRedirect(from host: String, to target: String) -> Failure {
        Failure(
            .insecureRedirect, "\(host) redirected to \(target), which is not allowed.",
            remedy: "Only redirects to https are followed from https; check the source's address.")
    }

    public static func corrupted(_ file: String, expected: Digest, actual: Digest) -> Failure {
        Failure(
            .digestMismatch, "\(file) does not match its published checksum.",
            remedy: "The damaged copy was removed. Run the same command again to fetch it afresh.",
            detail: ["expected": "\(expected)", "actual": "\(actual)"])
    }

    /// - Parameters: git's names of the content, 40 hexadecimal digits.
    public static func corruptedBlob(_ file: String, expected: String, actual: String) -> Failure {
        Failure(
            .digestMismatch, "\(file) is not the file that the hub lists.",
            remedy: "The damaged copy was removed. Run the same command again to fetch it afresh.",
            detail: ["expected": "git:\(expected)", "actual": "git:\(actual)"])
    }

    public static func otherFile(_ file: String) -> Failure {
        Failure(
            .digestMismatch, "The source serves other bytes for \(file) than those that were once fetched from it.",
            remedy: "Nothing more is taken from it; another source is tried where there is one.")
    }

    public static func wrongSize(_ file: String, expected: ByteCount, actual: ByteCount) -> Failure {
        Failure(
            .sizeMismatch, "\(file) should have \(expected.bytes) bytes, but the source has \(actual.bytes).",
            remedy: "The source serves something else than what was published; choose another source.")
    }
}
