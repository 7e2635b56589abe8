// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseTesting
import Synchronization

/// A hub on loopback whose one repository changes: commits come, owners and licences change, history is rewritten.
final class MovingHub: Sendable {
    typealias Reply = LoopbackServer.Reply

    struct State: Sendable {
        var name = "org/tiny"
        var license = "mit"
        var isGone = false
        /// Newest last.
        var commits: [(id: String, bytes: [UInt8])] = []
        /// What is sent instead of the bytes that the listing speaks of.
        var served: [UInt8]?
    }

    let state = Mutex(State())
    private let server = Mutex<LoopbackServer?>(nil)

    var url: String { server.withLock { $0?.url ?? "" } }
    var requests: [LoopbackServer.Request] { server.withLock { $0?.requests ?? [] } }
    /// Questions for the file itself.
    var fetches: Int { requests.filter { $0.path.contains("/resolve/") && $0.method == "GET" }.count }

    static func commit(_ digit: Character) -> String { String(repeating: digit, count: 40) }

    static func start(_ bytes: [UInt8]) async throws -> MovingHub {
        let hub = MovingHub()
        hub.push("1", bytes)
        let server = try await LoopbackServer.start { [weak hub] in hub?.answer($0) ?? Reply(503) }
        hub.server.withLock { $0 = server }
        return hub
    }

    func push(_ digit: Character, _ bytes: [UInt8]) { state.withLock { $0.commits.append((Self.commit(digit), bytes)) } }
    func stop() async throws { try await server.withLock { $0 }?.stop() }

    private func answer(_ request: LoopbackServer.Request) -> Reply {
        let state = state.withLock { $0 }
        let path = request.path.split(separator: "?")[0].split(separator: "/").map(String.init)
        guard !state.isGone, let newest = state.commits.last else { return refusal("RepoNotFound") }
        if path.count >= 4, path[0] == "api" {
            let revision = path.count > 5 ? path[5] : "main"
            guard let commit = revision == "main" ? newest : state.commits.first(where: { $0.id == revision }) else {
                return refusal("RevisionNotFound")
            }
            return .json(
                #"{"id":"\#(state.name)","sha":"\#(commit.id)","tags":["license:\#(state.license)"],"siblings":[{"rfilename":"Tiny-Q8_0.gguf","size":\#(commit.bytes.count),"lfs":{"sha256":"\#(PullTests.sha256(commit.bytes))","size":\#(commit.bytes.count),"pointerSize":134}}]}"#
            )
        }
        guard path.count == 5, path[2] == "resolve", let commit = state.commits.first(where: { $0.id == path[3] }) else {
            return refusal("EntryNotFound")
        }
        return .file(state.served ?? commit.bytes, for: request)
    }

    private func refusal(_ code: String) -> Reply { Reply(404, headers: [("X-Error-Code", code), ("X-Error-Message", code)]) }
}
