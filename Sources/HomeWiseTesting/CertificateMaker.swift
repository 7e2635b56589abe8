// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation

/// An authority of a test's own, made by `openssl` in a folder.
package struct CertificateMaker: Sendable {
    package struct OpenSSLFailed: Error {
        package let arguments: [String]
    }

    private let folder: String
    /// The authority's own certificate (PEM), for `SSL_CERT_FILE`.
    package var authority: String { folder + "/ca.pem" }

    package init(folder: String) throws {
        self.folder = folder
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(Self.configuration(folder).utf8).write(to: URL(filePath: folder + "/ca.cnf"))
        try Data().write(to: URL(filePath: folder + "/index.txt"))
        try Data("1000\n".utf8).write(to: URL(filePath: folder + "/serial"))
        try makeKey("ca")
        try run([
            "req", "-x509", "-new", "-key", "ca.key", "-subj", "/CN=Test Authority \(UInt64.random(in: .min ... .max))", "-days", "3650",
            "-out", "ca.pem",
        ])
    }

    /// - Parameters:
    ///   - names: as OpenSSL writes them: “DNS:hub.example”, “IP:127.0.0.1”.
    ///   - validity: first and last day, “20200101”.
    package func identity(
        _ file: String, names: [String] = ["IP:127.0.0.1"], validity: (from: String, to: String) = ("20200101", "21000101"),
        isOutdated: Bool = false
    ) throws -> FaultServer.Identity {
        try makeKey(file)
        try Data("subjectAltName=\(names.joined(separator: ","))\n".utf8).write(to: URL(filePath: "\(folder)/\(file).ext"))
        try run(["req", "-new", "-key", "\(file).key", "-subj", "/CN=\(file)", "-out", "\(file).csr"])
        try run([
            "ca", "-batch", "-notext", "-config", "ca.cnf", "-extfile", "\(file).ext", "-startdate", validity.from + "000000Z",
            "-enddate", validity.to + "000000Z", "-in", "\(file).csr", "-out", "\(file).pem",
        ])
        return .init(certificate: "\(folder)/\(file).pem", key: "\(folder)/\(file).key", isOutdated: isOutdated)
    }

    package func selfSigned(_ file: String) throws -> FaultServer.Identity {
        try makeKey(file)
        try run([
            "req", "-x509", "-new", "-key", "\(file).key", "-subj", "/CN=\(file)", "-days", "365", "-addext",
            "subjectAltName=IP:127.0.0.1", "-out", "\(file).pem",
        ])
        return .init(certificate: "\(folder)/\(file).pem", key: "\(folder)/\(file).key")
    }

    /// Prepares a folder of certificates for `SSL_CERT_DIR`.
    package func rehash(_ folder: String) throws { try run(["rehash", folder]) }

    private func makeKey(_ file: String) throws { try run(["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "\(file).key"]) }

    private func run(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.currentDirectoryURL = URL(filePath: folder)
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw OpenSSLFailed(arguments: arguments) }
    }

    private static func configuration(_ folder: String) -> String {
        """
        [ca]
        default_ca = own
        [own]
        dir = \(folder)
        database = $dir/index.txt
        serial = $dir/serial
        new_certs_dir = $dir
        certificate = $dir/ca.pem
        private_key = $dir/ca.key
        default_md = sha256
        policy = any
        unique_subject = no
        [any]
        commonName = supplied
        """
    }
}
