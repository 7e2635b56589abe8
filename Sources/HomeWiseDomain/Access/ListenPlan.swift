// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Where to listen. A plan that cannot be made safe is none.
public struct ListenPlan: Sendable, Equatable {
    public static let standardPort = 8484
    public let endpoints: [Endpoint]

    /// - Parameters:
    ///   - hasKey: whether at least one key was made.
    /// - Throws: `Failure.openAddress` for one beyond loopback without a key or without TLS; `Failure.badInput` for one that comes twice.
    public init(_ endpoints: [Endpoint], hasKey: Bool, hasTLS: Bool) throws {
        for (index, endpoint) in endpoints.enumerated() {
            if endpoint.port != 0, endpoints[..<index].contains(endpoint) {
                throw Failure.badInput("\(endpoint) is given twice.", remedy: "Give it once.")
            }
            guard endpoint.isLoopback || hasKey && hasTLS else { throw Failure.openAddress(endpoint, hasKey: hasKey, hasTLS: hasTLS) }
        }
        self.endpoints = endpoints
    }
}
