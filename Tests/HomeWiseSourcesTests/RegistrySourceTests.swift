// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseSources

@Suite struct RegistrySourceTests {
    typealias Reply = LoopbackServer.Reply

    /// - Parameter config: a `config.json` as `docker login` writes it, `HOST` standing for the registry.
    private func ask(
        _ registry: ScriptedRegistry, _ version: String = ":tag", config: String? = nil
    ) async throws -> (outcome: Result<Delivery, Failure>, server: LoopbackServer) {
        let server = try await LoopbackServer.start { registry.reply($0) }
        let host = String(server.url.dropFirst(7))
        let transport = Transport()
        guard case .oci(let reference) = try SourceReference(parsing: "oci:\(host)/org/repo\(version)") else {
            throw Failure.badInput("", remedy: "")
        }
        let credentials = try config.map {
            try RegistryCredentials(dockerConfig: Data($0.replacingOccurrences(of: "HOST", with: host).utf8), path: "config.json")
        }
        let outcome: Result<Delivery, Failure>
        do {
            outcome = try await .success(
                RegistrySource(transport: transport, reference: reference, credentials: credentials ?? .none).resolve(SourceWish()))
        } catch let failure as Failure { outcome = .failure(failure) }
        try await transport.shutdown()
        try await server.stop()
        return (outcome, server)
    }

    private func failure(_ outcome: Result<Delivery, Failure>) -> Failure? {
        if case .failure(let failure) = outcome { failure } else { nil }
    }

    @Test func aManifestBecomesFilesPinnedToItsDigest() async throws {
        let registry = ScriptedRegistry()
        let digest = registry.put(ScriptedRegistry.image(), as: "tag")
        let (outcome, server) = try await ask(registry)
        let delivery = try outcome.get()
        let file = delivery.parts[0].file
        #expect(delivery.revision == digest && delivery.owner == "org")
        #expect(file.url == "\(server.url)/v2/org/repo/blobs/\(ScriptedRegistry.layerDigest)" && file.authorization == nil)
        #expect(file.digest?.description == ScriptedRegistry.layerDigest && file.size == 10)
        #expect(server.requests.first?.header("Accept")?.contains("image.index.v1+json") == true)
        let (again, _) = try await ask(registry, "@\(digest)")
        #expect(try again.get().revision == digest)
    }

    @Test func whatIsNotThereSaysSo() async throws {
        let (outcome, _) = try await ask(ScriptedRegistry())
        #expect(failure(outcome)?.code == .notAtSource && failure(outcome)?.message.contains("org/repo:tag") == true)
    }

    @Test("E5 DL-73 a manifest that does not match its digest is refused, asked for by digest or told by header") func wrongDigest()
        async throws
    {
        let registry = ScriptedRegistry()
        registry.put(ScriptedRegistry.image(), as: "tag")
        let other = "sha256:" + String(repeating: "1", count: 64)
        let body = Array(ScriptedRegistry.image().utf8)
        registry.before.withLock { $0 = { _ in Reply(200, headers: [("Content-Type", "application/json")], body: body) } }
        #expect(failure(try await ask(registry, "@\(other)").outcome)?.code == .digestMismatch)
        registry.before.withLock { $0 = { _ in Reply(200, headers: [("Docker-Content-Digest", other)], body: body) } }
        #expect(failure(try await ask(registry).outcome)?.code == .digestMismatch)
    }

    @Test("A7 E5 a manifest that is packed, or larger than any, is not read") func bombs() async throws {
        let registry = ScriptedRegistry()
        registry.before.withLock { $0 = { _ in Reply(200, headers: [("Content-Encoding", "gzip")], body: [0x1f, 0x8b, 8]) } }
        let packed = failure(try await ask(registry).outcome)
        #expect(packed?.code == .badReply && packed?.message.contains("gzip-encoded") == true)
        let block = [UInt8](repeating: 0x20, count: 1 << 20)
        registry.before.withLock {
            $0 = { _ in Reply(200, headers: [("Transfer-Encoding", "chunked")], chunks: Array(repeating: block, count: 5)) }
        }
        #expect(failure(try await ask(registry).outcome)?.code == .badReply)
        registry.before.withLock { $0 = { _ in Reply(200, body: Array(repeating: block, count: 5).flatMap(\.self)) } }
        #expect(failure(try await ask(registry).outcome)?.message.contains("MB") == true)
    }

    @Test("A2 A4 A11 a digest that is none is refused, and no request carries it", arguments: ["sha256:../../../x", "sha256:AB", "", "a"])
    func badDigests(_ digest: String) async throws {
        let registry = ScriptedRegistry()
        registry.put(ScriptedRegistry.image().replacingOccurrences(of: ScriptedRegistry.layerDigest, with: digest), as: "tag")
        let (outcome, server) = try await ask(registry)
        #expect(failure(outcome)?.code == .badInput && server.requests.count == 1)
        registry.put(ScriptedRegistry.index([(digest, nil)]), as: "tag", type: ScriptedRegistry.indexType)
        let (second, again) = try await ask(registry)
        #expect(failure(second)?.code == .badInput && again.requests.count == 1)
    }

    @Test func anIndexIsFollowedToThisMachinesImage() async throws {
        let registry = ScriptedRegistry()
        let (ours, other) = (registry.put(ScriptedRegistry.image(), as: "a"), registry.put(ScriptedRegistry.image(size: 11), as: "b"))
        #if arch(arm64)
            let platform = "linux/arm64"
        #else
            let platform = "linux/amd64"
        #endif
        registry.put(ScriptedRegistry.index([(other, "windows/386"), (ours, platform)]), as: "tag", type: ScriptedRegistry.indexType)
        #expect(try await ask(registry).outcome.get().revision == ours)
        registry.put(ScriptedRegistry.index([(other, nil)]), as: "tag", type: ScriptedRegistry.indexType)
        #expect(try await ask(registry).outcome.get().revision == other)
        registry.put(ScriptedRegistry.index([(ours, "windows/386"), (other, "plan9/mips")]), as: "tag", type: ScriptedRegistry.indexType)
        #expect(failure(try await ask(registry).outcome)?.message.contains("plan9/mips") == true)
    }

    @Test("E5 indexes inside of indexes end") func depth() async throws {
        let registry = ScriptedRegistry()
        var digest = registry.put(ScriptedRegistry.image(), as: "image")
        for level in 0..<10 {
            digest = registry.put(ScriptedRegistry.index([(digest, nil)]), as: "\(level)", type: ScriptedRegistry.indexType)
        }
        let (outcome, server) = try await ask(registry, ":9")
        #expect(failure(outcome)?.code == .badReply && server.requests.count <= 5)
        #expect(try await ask(registry, ":1").outcome.get().files.count == 1)
    }

    @Test("E5 an index that leads back to itself is found out at once") func circle() async throws {
        let registry = ScriptedRegistry()
        let next = "sha256:" + String(repeating: "1", count: 64)
        let index = Array(ScriptedRegistry.index([(next, nil)]).utf8)
        registry.before.withLock { $0 = { _ in Reply(200, headers: [("Content-Type", ScriptedRegistry.indexType)], body: index) } }
        let (outcome, server) = try await ask(registry)
        #expect(failure(outcome)?.code == .digestMismatch && server.requests.count == 2)
    }

    // MARK: Logging in

    private static let login = #"{"auths":{"HOST":{"auth":"\#(Data("ada:hush".utf8).base64EncodedString())"}}}"#

    @Test func nameAndPasswordGoToTheirRegistry() async throws {
        let registry = ScriptedRegistry()
        registry.put(ScriptedRegistry.image(), as: "tag")
        let basic = "Basic " + Data("ada:hush".utf8).base64EncodedString()
        registry.before.withLock {
            $0 = { $0.header("Authorization") == basic ? nil : Reply(401, headers: [("WWW-Authenticate", "Basic realm=\"r\"")]) }
        }
        #expect(try await ask(registry, config: Self.login).outcome.get().parts[0].file.authorization == basic)
        let without = failure(try await ask(registry).outcome)
        #expect(without?.code == .sourceRefused && without?.remedy.contains("docker login") == true)
        let helped = failure(try await ask(registry, config: #"{"auths":{"HOST":{}},"credsStore":"desktop"}"#).outcome)
        #expect(helped?.remedy.contains("keeper") == true)
        let foreign = #"{"auths":{"ghcr.io":{"username":"ada","password":"hush"}}}"#
        let (refused, server) = try await ask(registry, config: foreign)
        #expect(failure(refused)?.code == .sourceRefused && server.requests.allSatisfy { $0.header("Authorization") == nil })
    }

    @Test func aTokenIsAskedForAtTheRegistrysOwnPlace() async throws {
        let registry = ScriptedRegistry()
        registry.put(ScriptedRegistry.image(), as: "tag")
        registry.before.withLock {
            $0 = { request in
                if request.path.hasPrefix("/token") { return .json(#"{"access_token":"t0ken"}"#) }
                guard request.header("Authorization") != "Bearer t0ken", let host = request.header("Host") else { return nil }
                return Reply(
                    401,
                    headers: [
                        (
                            "WWW-Authenticate",
                            "Bearer realm=\"http://\(host)/token\",service=\"reg & co\",scope=\"repository:org/repo:pull\""
                        )
                    ])
            }
        }
        let (outcome, server) = try await ask(registry, config: Self.login)
        #expect(try outcome.get().parts[0].file.authorization == "Bearer t0ken")
        let asked = try #require(server.requests.first { $0.path.hasPrefix("/token") })
        #expect(asked.path == "/token?scope=repository%3Aorg%2Frepo%3Apull&service=reg%20%26%20co")
        #expect(asked.header("Authorization")?.hasPrefix("Basic ") == true, "the password goes to the registry's own token service")
        #expect(server.requests.first?.header("Authorization") == nil, "nothing is sent before it is asked for")
    }

    @Test(
        "A12 no realm of somebody else is asked, and nothing is sent there",
        arguments: [
            "http://OTHER/token", "https://OTHER/token", "http://HOST@OTHER/token", "http://HOST.evil.example/t", "http://127.0.0.2/t",
            "ftp://HOST/t", "",
        ])
    func foreignRealm(_ realm: String) async throws {
        let other = try await LoopbackServer.start { _ in .json(#"{"token":"x"}"#) }
        let registry = ScriptedRegistry()
        registry.put(ScriptedRegistry.image(), as: "tag")
        registry.before.withLock {
            $0 = { request in
                let place = realm.replacingOccurrences(of: "OTHER", with: other.url.dropFirst(7))
                    .replacingOccurrences(of: "HOST", with: request.header("Host") ?? "")
                return Reply(401, headers: [("WWW-Authenticate", "Bearer realm=\"\(place)\",service=\"s\"")])
            }
        }
        let (outcome, server) = try await ask(registry, config: Self.login)
        #expect(failure(outcome)?.code == .sourceRefused && failure(outcome)?.message.contains("not its own place") == true)
        #expect(other.requests.isEmpty && server.requests.count == 1 && server.requests.allSatisfy { $0.header("Authorization") == nil })
        try await other.stop()
    }

    @Test("A12 neither a scope for something else nor a token that is none is taken") func badTokens() async throws {
        let registry = ScriptedRegistry()
        registry.put(ScriptedRegistry.image(), as: "tag")
        let answer = Mutex(("repository:org/other:pull", "{}"))
        registry.before.withLock {
            $0 = { request in
                let (scope, token) = answer.withLock { $0 }
                if request.path.hasPrefix("/token") { return .json(token) }
                return Reply(
                    401, headers: [("WWW-Authenticate", "Bearer realm=\"http://\(request.header("Host") ?? "")/token\",scope=\"\(scope)\"")]
                )
            }
        }
        let (outcome, server) = try await ask(registry, config: Self.login)
        #expect(failure(outcome)?.code == .badReply && server.requests.count == 1)
        for token in [
            "{}", #"{"token":""}"#, #"{"token":"a\r\nX: y"}"#, #"{"token":5}"#, "<html>",
            #"{"token":"\#(String(repeating: "a", count: 20_000))"}"#,
        ] {
            answer.withLock { $0 = ("repository:org/repo:pull", token) }
            let (outcome, server) = try await ask(registry, config: Self.login)
            #expect(failure(outcome)?.code == .badReply && server.requests.count == 2, "\(token.prefix(40))")
        }
    }

    @Test("A12 E1 a login asked for after a redirect is not the registry's") func redirectedLogin() async throws {
        let other = try await LoopbackServer.start { request in
            Reply(401, headers: [("WWW-Authenticate", "Basic realm=\"x\"")])
        }
        let registry = ScriptedRegistry()
        registry.before.withLock { $0 = { _ in Reply(307, headers: [("Location", other.url + "/v2/x")]) } }
        let (outcome, _) = try await ask(registry, config: Self.login)
        #expect(failure(outcome)?.code == .sourceRefused && other.requests.count == 1)
        #expect(other.requests.allSatisfy { $0.header("Authorization") == nil })
        try await other.stop()
    }

    @Test("a registry that asks again and again is asked twice") func loginLoop() async throws {
        let registry = ScriptedRegistry()
        registry.before.withLock { $0 = { _ in Reply(401, headers: [("WWW-Authenticate", "Basic realm=\"x\"")]) } }
        let (outcome, server) = try await ask(registry, config: Self.login)
        #expect(failure(outcome)?.code == .sourceRefused && server.requests.count == 2)
    }

    @Test(arguments: ["{", "[]", #"{"auths":[]}"#]) func aDamagedLoginFileIsNamed(_ text: String) {
        #expect(throws: Failure.self) { try RegistryCredentials(dockerConfig: Data(text.utf8), path: "/home/x/config.json") }
    }

    @Test func dockersOwnNamesForItself() throws {
        let config =
            #"{"auths":{"https://index.docker.io/v1/":{"auth":"\#(Data("a:b:c".utf8).base64EncodedString())"},"https://GHCR.io":{"auth":"!"}}}"#
        let credentials = try RegistryCredentials(dockerConfig: Data(config.utf8), path: "x")
        #expect(
            credentials.basic(for: "docker.io") == "Basic " + Data("a:b:c".utf8).base64EncodedString()
                && credentials.basic(for: "ghcr.io") == nil)
    }
}
