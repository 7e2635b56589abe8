// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Crypto
import Foundation
import HomeWiseDomain
import NIOSSL

/// The certificate that the server shows beyond this machine, and its key.
package struct ServerIdentity: Sendable, Equatable {
    /// A file in PEM, the server's own certificate first.
    package let certificate: String
    package let key: String
    /// SHA-256 of the certificate, as people compare it: “AB:CD:…”.
    package let fingerprint: String

    /// A person's own.
    ///
    /// - Throws: `Failure.unusableCertificate`.
    package init(certificate: String, key: String) throws {
        (self.certificate, self.key) = (certificate, key)
        do {
            guard let first = try NIOSSLCertificate.fromPEMFile(certificate).first else {
                throw Failure.unusableCertificate(certificate, "there is none in it")
            }
            fingerprint = SHA256.hash(data: try first.toDERBytes()).map { String(format: "%02X", $0) }.joined(separator: ":")
            // A key of another certificate is told now, and not to the first who connects.
            _ = try NIOSSLContext(configuration: Self.configuration(certificate, key))
        } catch let failure as Failure { throw failure } catch {
            throw Failure.unusableCertificate(certificate, "\(error)")
        }
    }

    func configuration() throws -> TLSConfiguration { try Self.configuration(certificate, key) }

    private static func configuration(_ certificate: String, _ key: String) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
        configuration.minimumTLSVersion = .tlsv12
        // HTTP/2 is not spoken.
        configuration.applicationProtocols = ["http/1.1"]
        return configuration
    }
}
