// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

package import HomeWiseDomain

/// Where and how a house is served.
package struct ServingPlan: Sendable {
    /// Of this person alone.
    package var socket: String
    package var listen: ListenPlan
    /// For addresses beyond loopback, which are served by nothing else.
    package var identity: ServerIdentity?
    package var policy = AccessPolicy()
    package var limits = ServerLimits()

    package init(socket: String, listen: ListenPlan, identity: ServerIdentity? = nil) {
        self.socket = socket
        self.listen = listen
        self.identity = identity
    }
}
