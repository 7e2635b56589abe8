// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseSources

@Suite struct WebSourceTests {
    typealias Reply = LoopbackServer.Reply

    static let bytes = noise(1000)
    static let digest = String(repeating: "ab", count: 32)
    static let other = String(repeating: "cd", count: 32)

    /// Serves `/d/m.gguf`, and texts beside it.
    private func ask(
        _ path: String = "/d/m.gguf", beside lists: [String: String] = [:], wish: SourceWish = SourceWish(),
        headers: [(String, String)] = [],
        reply: Reply? = nil
    ) async throws -> (outcome: Result<Delivery, Failure>, server: LoopbackServer) {
        let server = try await LoopbackServer.start { request in
            if let text = lists[request.path] { return Reply(200, body: Array(text.utf8)) }
            guard request.header("Range") != nil else { return Reply(404) }
            if let reply { return reply }
            var reply = Reply.file(Self.bytes, for: request)
            reply.headers += headers
            return reply
        }
        let transport = Transport()
        let outcome: Result<Delivery, Failure>
        do { outcome = try await .success(WebSource(transport: transport, address: server.url + path).resolve(wish)) } catch let failure
            as Failure
        {
            outcome = .failure(failure)
        }
        try await transport.shutdown()
        try await server.stop()
        return (outcome, server)
    }

    /// Serves parts `/d/m.gguf.part1of3` and so on, of 100 bytes each.
    private func parts(_ names: [String], asking path: String) async throws -> [String] {
        let server = try await LoopbackServer.start { request in
            names.contains { request.path == "/d/\($0)" } && request.header("Range") != nil
                ? .file(noise(100), for: request) : Reply(404)
        }
        let transport = Transport()
        let outcome: Result<Delivery, any Error>
        do { outcome = try await .success(WebSource(transport: transport, address: server.url + path).resolve(SourceWish())) } catch {
            outcome = .failure(error)
        }
        try await transport.shutdown()
        try await server.stop()
        let delivery = try outcome.get()
        #expect(delivery.files.count == 1 && delivery.files[0].path.value == "m.gguf" && delivery.files[0].size == Int64(names.count * 100))
        return delivery.files[0].parts.map(\.file.name)
    }

    @Test(
        "a file that was cut is found whole from any of its parts",
        arguments: [
            ["m.gguf.part1of3", "m.gguf.part2of3", "m.gguf.part3of3"], ["m.gguf.001", "m.gguf.002"], ["m.gguf.000", "m.gguf.001"],
            ["m.gguf-split-a", "m.gguf-split-b"], ["m.gguf.part-aa", "m.gguf.part-ab", "m.gguf.part-ac"],
        ])
    func cut(_ names: [String]) async throws {
        for name in names { #expect(try await parts(names, asking: "/d/\(name)") == names) }
    }

    @Test("as many parts as there are letters are all there is") func lettersUsedUp() async throws {
        let names = (0..<26).map { "m.gguf-split-\(Character(UnicodeScalar(UInt8(0x61 + $0))))" }
        #expect(try await parts(names, asking: "/d/m.gguf-split-a") == names)
    }

    @Test("more parts than a file may have are refused, not cut off", arguments: ["m.gguf.001", "m.gguf.part1of4", "my%23m.gguf.001"])
    func tooManyParts(_ name: String) async throws {
        let paths = Mutex<[String]>([])
        let server = try await LoopbackServer.start { request in
            paths.withLock { $0.append(request.path) }
            return request.header("Range") != nil && !request.path.hasSuffix("000") ? .file(noise(100), for: request) : Reply(404)
        }
        let transport = Transport()
        var source = try WebSource(transport: transport, address: server.url + "/d/" + name)
        source.mostParts = 3
        let failure = await #expect(throws: Failure.self) { try await source.resolve(SourceWish()) }
        #expect(failure?.code == .badReply && failure?.message.contains("more than 3 parts") == true)
        #expect(paths.withLock { !$0.contains("/d/my") && $0.count < 30 })
        try await transport.shutdown()
        try await server.stop()
    }

    @Test func aPartThatIsMissingAtTheSourceIsNamed() async throws {
        await #expect(throws: Failure.self) { try await parts(["m.gguf.part1of3", "m.gguf.part3of3"], asking: "/d/m.gguf.part1of3") }
    }

    private func code(_ outcome: Result<Delivery, Failure>) -> Failure.Code? {
        if case .failure(let failure) = outcome { failure.code } else { nil }
    }

    @Test(
        "a checksum beside the file proves it",
        arguments: [
            ["/d/m.gguf.sha256": "\(digest)  m.gguf\n"], ["/d/m.gguf.sha256": digest],
            ["/d/SHA256SUMS": "\(other)  x\n\(digest)  m.gguf\n"],
            ["/d/SHA256SUMS.txt": "\(digest) *./m.gguf"], ["/d/m.gguf.sha256": "<html>none</html>", "/d/SHA256SUMS": "\(digest)  m.gguf"],
        ])
    func sideFiles(_ lists: [String: String]) async throws {
        let file = try await ask(beside: lists).outcome.get().parts[0].file
        #expect(file.digest?.hex == Self.digest && file.size == 1000 && file.name == "m.gguf")
    }

    @Test func theFragmentAndTheRegistryAreNotAskedFor() async throws {
        let (fragment, first) = try await ask("/d/m.gguf#sha256=\(Self.digest)")
        #expect(try fragment.get().parts[0].file.digest?.hex == Self.digest && first.requests.count == 1)
        #expect(try first.requests[0].path == "/d/m.gguf" && fragment.get().parts[0].file.url.hasSuffix("/d/m.gguf"))
        let (known, second) = try await ask(wish: SourceWish(digest: Digest(sha256: Self.digest)))
        #expect(try known.get().parts[0].file.digest?.hex == Self.digest && second.requests.count == 1)
        #expect(
            code(try await ask("/d/m.gguf#sha256=\(Self.other)", wish: SourceWish(digest: Digest(sha256: Self.digest))).outcome)
                == .digestMismatch)
        #expect(code(try await ask("/d/m.gguf#sha256=abc").outcome) == .badInput)
    }

    @Test func withoutAnyChecksumThereIsNone() async throws {
        let (outcome, server) = try await ask(beside: ["/d/SHA256SUMS": "\(Self.digest)  other.gguf"])
        #expect(try outcome.get().parts[0].file.digest == nil)
        #expect(server.requests.map(\.path) == ["/d/m.gguf", "/d/m.gguf.sha256", "/d/SHA256SUMS", "/d/SHA256SUMS.txt"])
    }

    @Test("A7 a list that never ends proves nothing and costs nothing") func endlessList() async throws {
        let text = String(repeating: " ", count: 2 << 20) + "\(Self.digest)  m.gguf"
        #expect(try await ask(beside: ["/d/SHA256SUMS": text]).outcome.get().parts[0].file.digest == nil)
    }

    @Test func theServersNameIsTakenWhereTheAddressHasNone() async throws {
        let disposition = { (text: String) in [("Content-Disposition", text)] }
        let plain = try await ask("/download?id=7", headers: disposition("attachment; filename=\"a b.gguf\"")).outcome.get()
        #expect(plain.files[0].path.value == "a b.gguf")
        let extended = try await ask("/download", headers: disposition("attachment; filename=x; filename*=UTF-8''n%C3%A4me.gguf")).outcome
            .get()
        #expect(extended.files[0].path.value == "näme.gguf")
        #expect(try await ask(headers: disposition("attachment; filename=evil.gguf")).outcome.get().files[0].path.value == "m.gguf")
    }

    @Test("A2 D4 a name that leads outside is refused", arguments: ["../../etc/cron.d/p", "/etc/passwd", "a\\\\b", "..", "a\u{1}b"])
    func hostileNames(_ name: String) async throws {
        #expect(
            code(
                try await ask(
                    "/download",
                    headers: [
                        (
                            "Content-Disposition",
                            "attachment; filename*=UTF-8''\(name.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")"
                        )
                    ]
                ).outcome) == .unsafePath)
    }

    @Test(
        "DL-09 sizes that are missing, no number, negative or too large are refused",
        arguments: [
            [("Content-Range", "bytes 0-0/9223372036854775808")], [("Content-Range", "bytes 0-0/-1")], [("Content-Range", "bytes 0-0/*")],
            [("Content-Range", "bytes 0-0/0")],
            [("Content-Range", "bytes 0-0/1125899906842625")], [],
        ])
    func sizes(_ headers: [(String, String)]) async throws {
        #expect(code(try await ask(reply: Reply(206, headers: headers, body: [0])).outcome) == .badReply)
    }

    @Test(
        "DL-31 refusals are told apart",
        arguments: [(404, Failure.Code.notAtSource), (410, .notAtSource), (451, .sourceRefused), (403, .sourceRefused)])
    func refusals(_ status: Int, _ expected: Failure.Code) async throws {
        #expect(code(try await ask(reply: Reply(status)).outcome) == expected)
    }
}
