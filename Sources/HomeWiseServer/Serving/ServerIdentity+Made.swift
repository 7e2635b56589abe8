// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Crypto
package import Foundation
package import HomeWiseDomain
import SwiftASN1
import X509

/// One that we make: nobody vouches for it, so it is known by its fingerprint.
extension ServerIdentity {
    private static let validity: TimeInterval = 397 * 86_400
    /// One that ends sooner is made anew.
    private static let rest: TimeInterval = 30 * 86_400

    /// The one that is kept in a folder, made where there is none or where it is about to end.
    ///
    /// - Parameter names: names and addresses by which the server is asked.
    /// - Throws: `Failure.storeUnusable`, `Failure.unusableCertificate`.
    package static func kept(in folder: String, names: [Authority], now: Date = Date()) throws -> ServerIdentity {
        let (certificate, key) = (folder + "/certificate.pem", folder + "/key.pem")
        if FileManager.default.fileExists(atPath: certificate), try isGood(certificate, now) {
            return try ServerIdentity(certificate: certificate, key: key)
        }
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw Failure.cannotWrite(path: folder, errno: errno) }
        let made = try make(names, now)
        // The key first: a certificate without its key is never found.
        try write(made.key, to: key)
        try write(made.certificate, to: certificate)
        return try ServerIdentity(certificate: certificate, key: key)
    }

    private static func isGood(_ path: String, _ now: Date) throws -> Bool {
        do {
            let text = try String(contentsOfFile: path, encoding: .utf8)
            return try Certificate(pemEncoded: text).notValidAfter > now.addingTimeInterval(rest)
        } catch { throw Failure.unusableCertificate(path, "\(error)") }
    }

    private static func make(_ names: [Authority], _ now: Date) throws -> (certificate: String, key: String) {
        let key = P256.Signing.PrivateKey()
        let subject = try DistinguishedName { CommonName("HomeWise") }
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: .init(key.publicKey),
            // An hour for clocks that go slow.
            notValidBefore: now.addingTimeInterval(-3600), notValidAfter: now.addingTimeInterval(validity), issuer: subject,
            subject: subject,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames(alternatives(names))
            }, issuerPrivateKey: .init(key))
        return (try certificate.serializeAsPEM().pemString + "\n", key.pemRepresentation + "\n")
    }

    private static func alternatives(_ names: [Authority]) -> [GeneralName] {
        let given = names.compactMap { name -> GeneralName? in
            if let address = name.address { return .ipAddress(ASN1OctetString(contentBytes: address.bytes[...])) }
            return name.name.flatMap { $0 == "localhost" ? nil : .dnsName($0) }
        }
        return [.dnsName("localhost")] + given
    }

    /// Written beside and renamed, so that it is there whole or not at all.
    private static func write(_ text: String, to path: String) throws {
        let draft = path + ".new"
        guard unlink(draft) == 0 || errno == ENOENT else { throw Failure.cannotWrite(path: draft, errno: errno) }
        let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Failure.cannotWrite(path: draft, errno: errno) }
        defer { close(file) }
        let bytes = Array(text.utf8)
        guard Foundation.write(file, bytes, bytes.count) == bytes.count, fsync(file) == 0, rename(draft, path) == 0 else {
            throw Failure.cannotWrite(path: path, errno: errno)
        }
    }
}
