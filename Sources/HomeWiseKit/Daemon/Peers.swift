// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

public import HomeWiseDomain
import HomeWiseMachine

/// What the system tells of other programs on this machine.
public enum Peers {
    /// - Returns: the user whose program is at the other end of a connection here; `nil` where it cannot be told.
    public static func user(of peer: Endpoint, speakingTo own: Endpoint) -> UInt32? { PeerOwner().user(of: peer, speakingTo: own) }

    /// A failure that says who listens at an address already, as far as that can be told.
    public static func taken(_ endpoint: Endpoint) -> Failure {
        let owner = PeerOwner()
        let who =
            owner.holder(of: endpoint.port).map { "by \($0.name) (process \($0.pid))" }
            ?? owner.listener(at: endpoint.port).map { "by a program of user \($0.user)" } ?? "already"
        return Failure(
            .addressInUse, "The address \(endpoint) is in use \(who).",
            remedy: "End that program, or take another port: homewise serve --port NUMBER", detail: ["address": "\(endpoint)"])
    }
}
