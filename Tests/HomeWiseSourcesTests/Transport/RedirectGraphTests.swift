// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseSources

/// Walks generated chains of redirects between real servers and looks for secrets wherever requests came in.
@Suite struct RedirectGraphTests {
    /// Unlike anything else that is sent.
    private static let secret = "s3cr3t"
    private static let names = ["127.0.0.1", "owner.test", "a.owner.test", "other.test"]
    /// Nodes of all graphs: path without query → what to answer.
    private typealias Table = Mutex<[String: LoopbackServer.Reply]>

    private final class Web: Sendable {
        let table = Table([:])
    }

    private struct Graph {
        var start: String
        var origin: String
        var endsOutside: Bool
    }

    /// A chain of up to 12 steps, now and then back at its first origin.
    private static func draw(_ number: Int, _ ports: [Int], _ random: inout Seeded, into web: Web) -> Graph {
        func origin() -> String { "http://\(names.randomElement(using: &random)!):\(ports.randomElement(using: &random)!)" }
        let first = origin()
        let count = Int.random(in: 1...12, using: &random)
        var here = first
        var outside = false
        for step in 0..<count {
            let next = Int.random(in: 0..<5, using: &random)
            let path = "/g\(number)/n\(step + 1)?q=\(step)"
            let form = Int.random(in: 0..<10, using: &random)
            var target = next == 0 ? first : next == 1 ? here : origin()
            let location: String
            switch form {
            case 0: (location, target) = (path, here)
            case 1: (location, target) = ("n\(step + 1)", here)
            case 2: location = target.dropFirst(5) + path
            case 3: location = target.replacingOccurrences(of: "//", with: "//user:pass@") + path
            default: location = target + path
            }
            let status = [301, 302, 303, 307, 308].randomElement(using: &random)!
            let headers = [("Location", location), ("WWW-Authenticate", "Basic realm=x"), ("Set-Cookie", "a=b")]
            web.table.withLock { $0["/g\(number)/n\(step)"] = .init(status, headers: headers, body: []) }
            here = target
            outside = outside || target != first
        }
        let last = outside ? 401 : 200
        web.table.withLock {
            $0["/g\(number)/n\(count)"] = .init(last, headers: [("WWW-Authenticate", "Bearer realm=\"\(first)/\"")], body: [])
        }
        return Graph(start: "\(first)/g\(number)/n0?token=\(secret)", origin: first, endsOutside: outside)
    }

    @Test("E1 E2 A12 a thousand redirect graphs leak no secret") func graphs() async throws {
        let web = Web()
        var servers: [LoopbackServer] = []
        for _ in 0..<4 {
            servers.append(
                try await LoopbackServer.start { request in
                    let path = request.path.split(separator: "?")[0]
                    return web.table.withLock { $0[String(path)] } ?? .init(404)
                })
        }
        let ports = servers.compactMap { URL(string: $0.url)?.port }
        let transport = Transport(lookup: { _ in [HostAddress("127.0.0.1")].compactMap { $0 } })
        var random = Seeded(state: 20_261_124)
        var owners: [String: String] = [:]
        var failures: [String] = []
        for number in 0..<1_000 {
            let graph = Self.draw(number, ports, &random, into: web)
            owners["g\(number)"] = graph.origin
            do {
                _ = try await transport.get(
                    graph.start, headers: [("Range", "bytes=0-1"), ("X-Trace", "t")], authorization: "Bearer \(Self.secret)",
                    secrets: [("X-Api-Key", Self.secret), ("Cookie", "session=\(Self.secret)")])
            } catch let failure as Failure { failures.append("\(failure) \(failure.remedy) \(failure.detail)") }
        }
        #expect(failures.count > 50 && !failures.contains { $0.contains(Self.secret) || $0.contains("user:pass") || $0.contains("q=") })
        try check(servers.flatMap(\.requests), owners)
        try await transport.shutdown()
        for server in servers { try await server.stop() }
    }

    private func check(_ requests: [LoopbackServer.Request], _ owners: [String: String]) throws {
        var (atOwner, elsewhere, leaks) = (0, 0, [String]())
        for request in requests {
            let owner = owners[String(request.path.split(separator: "/")[0])]
            let text = request.path + request.headers.map { "\($0.name): \($0.value)" }.joined(separator: "\n")
            let isAtOwner = "http://\(request.header("Host") ?? "")" == owner
            if isAtOwner, text.contains(Self.secret) { atOwner += 1 }
            if !isAtOwner {
                elsewhere += 1
                if text.contains(Self.secret) || request.header("X-Trace") != nil { leaks.append(request.path) }
                let sent = Set(request.headers.map { $0.name.lowercased() })
                #expect(sent == ["host", "range", "accept-encoding", "user-agent"], "\(sent)")
            }
            #expect(request.header("Referer") == nil && request.header("Range") == "bytes=0-1")
        }
        #expect(leaks.isEmpty, "\(leaks.prefix(5))")
        #expect(atOwner > 1_000 && elsewhere > 1_000, "\(atOwner) \(elsewhere)")
    }

    @Test("E1 a secret does not come back with a chain that left its origin") func returnToOrigin() async throws {
        let outside = try await LoopbackServer.start { request in
            .init(302, headers: [("Location", request.path.replacingOccurrences(of: "/out?", with: ""))], body: [])
        }
        let owner = try await LoopbackServer.start { request in
            request.path == "/start" ? .init(302, headers: [("Location", request.header("X-Out") ?? "")], body: []) : .init(200)
        }
        let transport = Transport()
        let out = "\(outside.url)/out?\(owner.url)/back"
        let answer = try await transport.get("\(owner.url)/start", headers: [("X-Out", out)], authorization: "Bearer hush")
        #expect(answer.status == 200 && owner.requests.map { $0.header("Authorization") } == ["Bearer hush", nil])
        try await transport.shutdown()
        try await outside.stop()
        try await owner.stop()
    }

    @Test("E1 a redirect within the origin keeps the secret") func sameOrigin() async throws {
        let server = try await LoopbackServer.start { $0.path == "/a" ? .init(307, headers: [("Location", "b")], body: []) : .init(200) }
        let transport = Transport()
        _ = try await transport.get("\(server.url)/a", authorization: "Bearer hush")
        #expect(server.requests.map { $0.header("Authorization") } == ["Bearer hush", "Bearer hush"])
        try await transport.shutdown()
        try await server.stop()
    }

    @Test("DL-25 ten redirects are followed, and the chain is shown without secrets", arguments: [10, 11, 30]) func length(_ count: Int)
        async throws
    {
        let server = try await LoopbackServer.start { request in
            let number = Int(request.path.dropFirst().prefix { $0.isNumber }) ?? 0
            return number == count ? .init(200) : .init(302, headers: [("Location", "/\(number + 1)?signature=hush")], body: [])
        }
        let transport = Transport()
        do {
            let answer = try await transport.get("\(server.url)/0?token=hush")
            #expect(count == 10 && answer.url.path == "/10")
        } catch let failure as Failure {
            #expect(count > 10 && failure.code == .badReply && !RetryPolicy.isWorthRetrying(failure) && server.requests.count == 11)
            #expect(
                failure.message.contains("\(server.url)/3 → \(server.url)/4") && !"\(failure.message)\(failure.detail)".contains("hush"))
        }
        try await transport.shutdown()
        try await server.stop()
    }

    @Test(
        "DL-26 E2 a redirect away from the web, or to what is no address, is refused and shown without secrets",
        arguments: [
            "file:///etc/passwd?hush", "data:text/plain,x?hush", "unix:/run/x?hush", "ftp://h/?hush", "javascript:x?hush",
            "http://me:hush@h/", "//hush@h/",
            "http://h\\@x/?hush", "http:///x?hush", "http://h:0/?hush", "", "  ", "\u{e4}://x?hush", "http://[::1?hush", "http:x?hush",
        ])
    func strange(_ location: String) async throws {
        let server = try await LoopbackServer.start { _ in .init(302, headers: [("Location", location)], body: []) }
        let transport = Transport()
        let failure = await #expect(throws: Failure.self) { try await transport.get(server.url + "/x?token=hush") }
        #expect([.insecureRedirect, .badReply].contains(failure?.code), "\(failure as Any)")
        #expect(!"\(failure as Any)\(failure?.remedy ?? "")\(failure?.detail ?? [:])".contains("hush") && server.requests.count <= 11)
        try await transport.shutdown()
        try await server.stop()
    }

    @Test("E1 a name and password in an address are refused, and not shown") func userInfo() async throws {
        let server = try await LoopbackServer.start { _ in .init(200) }
        let transport = Transport()
        let failure = await #expect(throws: Failure.self) { try await transport.get("http://me:hush@" + server.url.dropFirst(7)) }
        #expect(failure?.code == .badInput && failure?.message.contains("hush") == false && server.requests.isEmpty)
        try await transport.shutdown()
        try await server.stop()
    }

    @Test("G3 a header that would break out of its line is not sent", arguments: ["a\r\nX: y", "a\nb", "a\u{0}b", "a\rb", "\u{7f}"])
    func injection(_ value: String) async throws {
        let server = try await LoopbackServer.start { _ in .init(200) }
        let transport = Transport()
        for (headers, secrets, authorization) in [
            ([("Range", value)], [], nil), ([], [("X-Key", value)], nil), ([], [], value), ([("X\(value)", "v")], [], nil),
        ] as [([(String, String)], [(String, String)], String?)] {
            let failure = await #expect(throws: Failure.self) {
                try await transport.get(server.url, headers: headers, authorization: authorization, secrets: secrets)
            }
            #expect(failure?.code == .badInput)
        }
        for address in ["\(server.url)/a\r\nX: y", "\(server.url)/\u{0}", "http://127.0.0.1\r\n.x/"] {
            await #expect(throws: Failure.self) { try await transport.get(address) }
        }
        #expect(server.requests.isEmpty)
        try await transport.shutdown()
        try await server.stop()
    }
}
