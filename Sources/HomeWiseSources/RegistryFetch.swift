// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

package import Foundation
import HomeWiseDomain

/// Fetches a registry, unless it is still the one that is here.
package struct RegistryFetch: Sendable {
    package struct Fetched: Sendable {
        package var data: Data
        /// The server's name for this version (ETag).
        package var tag: String?

        package init(data: Data, tag: String?) {
            self.data = data
            self.tag = tag
        }
    }

    private let transport: Transport

    package init(transport: Transport) { self.transport = transport }

    /// Bytes; a registry of a thousand models has less.
    private static let largest = 16 << 20

    /// - Returns: `nil` where the server says that nothing changed.
    package func fetch(_ address: String, unless tag: String?) async throws -> Fetched? {
        let headers = tag.map { [("If-None-Match", $0)] } ?? []
        let answer = try await transport.get(address, headers: headers, within: transport.policy.resolveWithin)
        if answer.status == 304, tag != nil { return nil }
        guard answer.status == 200 else { throw Failure.refused(host: answer.host, status: answer.status, what: "the registry") }
        return try await Fetched(data: answer.data(upTo: Self.largest, transport: transport), tag: answer.header("ETag"))
    }
}
