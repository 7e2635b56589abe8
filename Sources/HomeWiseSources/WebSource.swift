// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// A plain file on the web. The registry's digest is what proves it.
package struct WebSource: Sendable {
    package let transport: Transport

    package init(transport: Transport) { self.transport = transport }

    /// Host, and port where one is named.
    package static func host(of address: String) -> String { URL(string: address)?.authority ?? address }

    /// Asks for one byte, so that the answer tells the size.
    package func delivery(of address: String) async throws -> Delivery {
        let answer = try await transport.get(address, headers: [("Range", "bytes=0-0")], within: transport.policy.resolveWithin)
        guard [200, 206].contains(answer.status) else { throw Failure.refused(host: answer.host, status: answer.status, what: address) }
        let size =
            answer.status == 206
            ? answer.header("Content-Range").flatMap { ContentRange($0)?.total }
            : answer.header("Content-Length").flatMap { ContentRange.length($0) }
        guard let size, RemoteFile.plausibleSizes.contains(size) else { throw Failure.badReply(host: answer.host, "it tells no size") }
        let name = URL(string: address)?.lastPathComponent ?? address
        var file = RemoteFile(name: name, url: address, size: size, digest: nil)
        file.version = answer.header("ETag").flatMap { $0.hasPrefix("W/") ? nil : $0 }
        return try Delivery(files: [.init(path: SafePath(untrusted: name), parts: [.init(file)])])
    }
}
