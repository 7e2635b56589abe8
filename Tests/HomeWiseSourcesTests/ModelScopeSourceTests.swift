// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseSources

@Suite struct ModelScopeSourceTests {
    typealias Reply = LoopbackServer.Reply

    private static let digest = String(repeating: "cd", count: 32)

    private static func page(_ files: String) -> Reply {
        .json(#"{"Code":200,"Data":{"Files":[\#(files)]},"Message":"success","RequestId":"x","Success":true}"#)
    }
    private static func file(_ path: String, size: String = "77", digest: String = digest) -> String {
        #"{"Name":"x","Path":"\#(path)","Type":"blob","Size":\#(size),"Sha256":"\#(digest)","Revision":"abc","IsLFS":true,"Mode":"33188"}"#
    }

    private func ask(_ source: String, token: String? = nil, _ reply: Reply) async throws -> (
        outcome: Result<Delivery, Failure>, server: LoopbackServer
    ) {
        let server = try await LoopbackServer.start { _ in reply }
        var policy = RetryPolicy()
        policy.firstDelay = .milliseconds(5)
        let transport = Transport(policy: policy)
        guard case .modelScope(let reference) = try SourceReference(parsing: source) else { throw Failure.badInput(source, remedy: "") }
        let outcome: Result<Delivery, Failure>
        do {
            outcome = try await .success(
                ModelScopeSource(transport: transport, endpoint: server.url + "/", token: token, reference: reference).resolve(SourceWish())
            )
        } catch let failure as Failure { outcome = .failure(failure) }
        try await transport.shutdown()
        try await server.stop()
        return (outcome, server)
    }

    private func failure(_ outcome: Result<Delivery, Failure>) -> Failure? {
        if case .failure(let failure) = outcome { failure } else { nil }
    }

    @Test func aQuantisationIsPickedAndPinnedByItsDigest() async throws {
        let tree = #"{"Path":"sub","Type":"tree","Size":0,"Sha256":""}"#
        let reply = Self.page(
            [tree, Self.file("a-Q4_K_M.gguf"), Self.file("a-Q8_0.gguf"), Self.file("README.md", digest: "")].joined(separator: ","))
        let (outcome, server) = try await ask("modelscope:org/repo:q8_0", token: "hush", reply)
        let file = try outcome.get().parts[0].file
        #expect(
            file.url == "\(server.url)/models/org/repo/resolve/master/a-Q8_0.gguf" && file.digest?.hex == Self.digest && file.size == 77)
        #expect(file.addresses.map(\.url).last == "\(server.url)/api/v1/models/org/repo/repo?Revision=master&FilePath=a-Q8_0.gguf")
        #expect(
            file.addresses.allSatisfy { $0.authorization == "Bearer hush" } && server.requests[0].header("Authorization") == "Bearer hush")
        #expect(server.requests[0].path == "/api/v1/models/org/repo/repo/files?Revision=master&Recursive=True")
    }

    @Test("A2 files whose names lead elsewhere are left out, and that is said") func unsafeNames() async throws {
        let reply = Self.page([Self.file("a-Q8_0.gguf"), Self.file("../x.gguf")].joined(separator: ","))
        let delivery = try await ask("modelscope:org/repo:q8_0", reply).outcome.get()
        #expect(delivery.files.count == 1 && delivery.warnings.contains { $0.hasPrefix("A file of org/repo is left out") })
        #expect(delivery.parts[0].file.addresses.allSatisfy { $0.keeper == .modelScope })
    }

    @Test func ofAFileInAFolderThatFolderIsListed() async throws {
        let (outcome, server) = try await ask("modelscope:org/repo/sub/a b.gguf@v1", Self.page(Self.file("sub/a b.gguf")))
        #expect(
            try outcome.get().parts[0].file.url.hasSuffix("/resolve/v1/sub/a%20b.gguf") && server.requests[0].path.hasSuffix("&Root=sub"))
    }

    @Test("DL-31 what it refuses is said") func refusals() async throws {
        #expect(failure(try await ask("modelscope:org/repo", Reply(404)).outcome)?.code == .notAtSource)
        #expect(failure(try await ask("modelscope:org/repo", Reply(403)).outcome)?.remedy.contains("MODELSCOPE_API_TOKEN") == true)
        let told = failure(
            try await ask("modelscope:org/repo", .json(#"{"Code":10010205001,"Message":"not found","Success":false,"Data":null}"#)).outcome)
        #expect(told?.code == .notAtSource && told?.detail["message"] == "not found")
        let (broken, server) = try await ask("modelscope:org/repo", Reply(500))
        #expect(
            failure(broken)?.code == .sourceRefused && server.requests.count == 3, "what is broken just now is asked again, and then not")
    }

    @Test("DL-09 A2 A7 what cannot be is refused") func nonsense() async throws {
        for size in ["-1", "9223372036854775807", "1e999", "null", "\"7\""] {
            #expect(
                failure(try await ask("modelscope:org/repo", Self.page(Self.file("a.gguf", size: size))).outcome)?.code == .badReply,
                "\(size)")
        }
        #expect(failure(try await ask("modelscope:org/repo", Self.page(Self.file("a.gguf", digest: "../x"))).outcome)?.code == .badInput)
        #expect(failure(try await ask("modelscope:org/repo", .json("<html>")).outcome)?.code == .badReply)
        #expect(
            failure(try await ask("modelscope:org/repo", Reply(200, headers: [("Content-Encoding", "br")], body: [1])).outcome)?.code
                == .badReply)
        #expect(failure(try await ask("modelscope:org/repo", Self.page(Self.file("../a.gguf"))).outcome)?.code == .notAtSource)
        let many = (0..<3000).map { Self.file("f\($0)") }.joined(separator: ",")
        #expect(failure(try await ask("modelscope:org/repo", Self.page(many)).outcome)?.message.contains("ends at 3000") == true)
    }
}
