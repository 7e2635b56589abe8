// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import NIOSSL

/// The authorities whose certificates are believed: the system's, or those that the environment names in their place, as OpenSSL
/// and curl read it.
///
/// - `SSL_CERT_FILE` (path): a file of certificates in PEM form.
/// - `SSL_CERT_DIR` (paths with `:` between): folders prepared by `openssl rehash`; the first that is there counts.
struct TrustedAuthorities: Sendable {
    private let file: String?
    private let folder: String?

    init(environment: [String: String]) {
        file = environment["SSL_CERT_FILE"].flatMap { $0.isEmpty ? nil : $0 }
        folder = (environment["SSL_CERT_DIR"] ?? "").split(separator: ":").map(String.init).first(where: Self.isFolder)
    }

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    /// - Throws: `Failure.unreadable` for a file that is not there, rather than trusting others than were asked for.
    func configuration() throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if let folder { configuration.trustRoots = .file(folder) }
        guard let file else { return configuration }
        let certificates: [NIOSSLCertificate]
        do { certificates = try NIOSSLCertificate.fromPEMFile(file) } catch {
            throw Failure.unreadable(path: file, reason: "SSL_CERT_FILE names it, but it holds no certificates")
        }
        if folder == nil {
            configuration.trustRoots = .file(file)
        } else {
            configuration.additionalTrustRoots = [.certificates(certificates)]
        }
        return configuration
    }
}
