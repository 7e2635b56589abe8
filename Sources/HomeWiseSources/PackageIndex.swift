// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// The person's Python package index, through the simple JSON API (PEP 691).
package struct PackageIndex: Sendable {
    package let transport: Transport
    /// Base URL of the simple API, without a slash at its end and without a name and password.
    package let base: String
    private let authorization: String?

    package init(transport: Transport, base: String) {
        self.transport = transport
        (self.base, authorization) = Self.split(base)
    }

    package enum Form: Sendable, Equatable {
        /// A wheel for every machine.
        case wheel
        case source
        /// A wheel for one kind of machine; every word must stand in its platform.
        case binary(platform: [String])
    }

    /// Host, and port where one is named.
    package var host: String { URL(string: base)?.authority ?? base }

    /// The published file of one version of a package.
    ///
    /// - Throws: `Failure.notAtSource` when the index has no such package or version.
    package func file(of package: String, version: String, form: Form) async throws -> RemoteFile {
        let name = Self.normalized(package)
        let answer = try await transport.ask(
            "\(base)/\(name)/", headers: [("Accept", "application/vnd.pypi.simple.v1+json")], authorization: authorization)
        guard answer.status == 200 else {
            throw Failure.refused(host: answer.host, status: answer.status, what: "the package \(name)", by: .packageIndex)
        }
        let page = try await read(answer)
        guard
            let file = page.files.filter({ Self.isFile($0.filename, of: name, version: version, form: form) })
                // Those for several Pythons hold the same libraries: the same one is taken each time.
                .min(by: { $0.filename < $1.filename })
        else {
            throw Failure(
                .notAtSource, "The package index has no \(name) \(version).", remedy: "Choose another model or source.",
                detail: ["host": answer.host])
        }
        guard file.size.map({ RemoteFile.plausibleSizes.contains($0) }) ?? true else {
            throw Failure.badReply(host: answer.host, "a size of \(file.size ?? 0) bytes for \(file.filename)")
        }
        guard let url = URL(string: file.url, relativeTo: answer.url)?.absoluteString else {
            throw Failure.badReply(host: answer.host, "the address of \(file.filename) is unreadable")
        }
        return try RemoteFile(
            name: file.filename,
            addresses: [
                RemoteAddress(
                    url: url, authorization: Self.isSameOrigin(url, base) ? authorization : nil, source: "package index", namedBy: base,
                    keeper: .packageIndex)
            ],
            size: file.size, digest: file.hashes["sha256"].map { try Digest(sha256: $0) })
    }

    private func read(_ answer: Transport.Answer) async throws -> Page {
        let data = try await answer.metadata(upTo: 32 << 20, transport: transport)
        do { return try JSONDecoder().decode(Page.self, from: data) } catch let error as DecodingError {
            throw Failure.badReply(host: answer.host, "no package list in JSON (\(error.complaint))")
        }
    }

    private struct Page: Decodable {
        struct File: Decodable {
            let filename: String
            let url: String
            let hashes: [String: String]
            let size: Int64?
        }
        let files: [File]
    }

    /// PEP 503.
    static func normalized(_ package: String) -> String {
        package.lowercased().split(whereSeparator: { "-_.".contains($0) }).joined(separator: "-")
    }

    static func isFile(_ filename: String, of name: String, version: String, form: Form) -> Bool {
        switch form {
        case .wheel:
            let parts = filename.split(separator: "-")
            return filename.hasSuffix(".whl") && parts.count >= 5 && normalized(String(parts[0])) == name && parts[1] == version
                && filename.hasSuffix("-any.whl")
        case .binary(let platform):
            let parts = filename.dropLast(4).split(separator: "-")
            return filename.hasSuffix(".whl") && parts.count >= 5 && normalized(String(parts[0])) == name && parts[1] == version
                && platform.allSatisfy { parts[parts.count - 1].contains($0) }
        case .source:
            guard filename.hasSuffix("-\(version).tar.gz") else { return false }
            return normalized(String(filename.dropLast(version.utf8.count + 8))) == name
        }
    }
}

/// An index may ask for a name and password inside its own address, as pip allows: they go to that origin alone.
extension PackageIndex {
    private static func split(_ base: String) -> (base: String, authorization: String?) {
        guard let (address, userInfo) = try? WebAddress.configured(base), let userInfo else { return (base, nil) }
        let plain = userInfo.removingPercentEncoding ?? userInfo
        let secret = "Basic " + Data((plain.contains(":") ? plain : plain + ":").utf8).base64EncodedString()
        return ("\(address)".hasSuffix("/") ? String("\(address)".dropLast()) : "\(address)", secret)
    }

    private static func isSameOrigin(_ left: String, _ right: String) -> Bool {
        URL(string: left).map { Origin($0) } == URL(string: right).map { Origin($0) }
    }
}
