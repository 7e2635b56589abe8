// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseSources

@Suite struct PackageIndexTests {
    static let digest = String(repeating: "ab", count: 32)

    private func page(_ files: String) -> LoopbackServer.Reply { .json(#"{"meta":{"api-version":"1.1"},"name":"a","files":[\#(files)]}"#) }

    private func file(_ name: String, url: String = "/files/x") -> String {
        #"{"filename":"\#(name)","url":"\#(url)","hashes":{"sha256":"\#(Self.digest)"},"size":7}"#
    }

    private func ask(
        _ reply: LoopbackServer.Reply, form: PackageIndex.Form = .wheel,
        _ body: (RemoteFile?, Failure?, LoopbackServer) async throws -> Void
    ) async throws {
        let server = try await LoopbackServer.start { _ in reply }
        let transport = Transport()
        let index = PackageIndex(transport: transport, base: server.url + "/simple")
        do { try await body(index.file(of: "My_Model.pkg", version: "1.0", form: form), nil, server) } catch let failure as Failure {
            try await body(nil, failure, server)
        }
        try await transport.shutdown()
        try await server.stop()
    }

    @Test func findsTheVersionAndResolvesItsAddress() async throws {
        try await ask(
            page(
                [file("my_model_pkg-0.9-py3-none-any.whl"), file("my_model_pkg-1.0-py3-none-any.whl", url: "../../f/w.whl")].joined(
                    separator: ","))
        ) {
            file, failure, server in
            #expect(
                failure == nil && file?.name == "my_model_pkg-1.0-py3-none-any.whl" && file?.size == 7 && file?.digest?.hex == Self.digest)
            #expect(file?.url == server.url + "/f/w.whl")
            #expect(server.requests.first?.path == "/simple/my-model-pkg/")
            #expect(server.requests.first?.header("Accept") == "application/vnd.pypi.simple.v1+json")
        }
    }

    @Test func sourceArchivesAreToldFromWheels() async throws {
        let files = [file("my_model_pkg-1.0-py3-none-any.whl"), file("my_model_pkg-1.0.tar.gz")].joined(separator: ",")
        try await ask(page(files), form: .source) { file, _, _ in #expect(file?.name == "my_model_pkg-1.0.tar.gz") }
    }

    @Test func aMissingVersionSaysSo() async throws {
        try await ask(page(file("my_model_pkg-0.9-py3-none-any.whl"))) { _, failure, _ in #expect(failure?.code == .notAtSource) }
    }

    @Test func aMissingPackageSaysSo() async throws {
        try await ask(LoopbackServer.Reply(404)) { _, failure, _ in #expect(failure?.code == .notAtSource) }
    }

    @Test("DL-21 a login page is no package list") func loginPage() async throws {
        let html = LoopbackServer.Reply(200, headers: [("Content-Type", "text/html")], body: Array("<html>Please log in</html>".utf8))
        try await ask(html) { _, failure, _ in #expect(failure?.code == .badReply) }
    }

    @Test("A2 a digest that is none is refused") func badDigest() async throws {
        let reply = page(file("my_model_pkg-1.0-py3-none-any.whl").replacingOccurrences(of: Self.digest, with: "../../etc/passwd"))
        try await ask(reply) { _, failure, _ in #expect(failure?.code == .badInput) }
    }

    @Test("A7 an endless list is cut off") func endless() async throws {
        let block = [UInt8](repeating: 0x20, count: 1 << 20)
        let reply = LoopbackServer.Reply(200, headers: [("Transfer-Encoding", "chunked")], chunks: Array(repeating: block, count: 64))
        try await ask(reply) { _, failure, _ in #expect(failure?.code == .badReply) }
    }

    @Test func aFolderOfAPackageIsTheFilesThatTheRegistryNames() async throws {
        let server = try await LoopbackServer.start { _ in page(file("my_model_pkg-1.0-py3-none-any.whl")) }
        let transport = Transport()
        guard case .packageIndex(let members) = try SourceReference(parsing: "index:my-model-pkg==1.0#pkg/model") else { return }
        let source = PackageIndexSource(index: PackageIndex(transport: transport, base: server.url + "/simple"), members: members)
        let delivery = try await source.resolve(SourceWish(patterns: ["1_Pooling/config.json", "config.json", "model.safetensors"]))
        #expect(delivery.files.map(\.path.value) == ["model.safetensors", "1_Pooling/config.json", "config.json"])
        #expect(delivery.files[1].parts[0].packing == .member(try SafePath(untrusted: "pkg/model/1_Pooling/config.json")))
        #expect(server.requests.count == 1 && delivery.transferSize == 7)
        await #expect(throws: Failure.self) { try await source.resolve(SourceWish(patterns: ["*.json"])) }
        await #expect(throws: Failure.self) { try await source.resolve(SourceWish(patterns: ["../x"])) }
        try await transport.shutdown()
        try await server.stop()
    }
}
