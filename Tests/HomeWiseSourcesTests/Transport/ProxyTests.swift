// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseSources

/// A real proxy and, behind it, a server under a name that only the proxy knows.
@Suite(.temporaryFolder) struct ProxyTests {
    private struct Result {
        var body: String?
        var failure: Failure?
        var proxied: [String]
        var asked: [String]
    }

    private func ask(
        _ manners: ConnectProxy.Manners = .init(), userInfo: String = "", isSecure: Bool = false,
        host: String = "hub.test", extra: [String: String] = [:], untrusted: Bool = false,
        _ script: @escaping FaultServer.Script = { _ in [.answer(body: "hello")] }
    ) async throws -> Result {
        let proxy = try await ConnectProxy.start(manners)
        let maker = isSecure ? try CertificateMaker(folder: TemporaryFolder.path + "/ca") : nil
        let server = try await FaultServer.start(identity: maker?.identity("good", names: ["DNS:hub.test"]), script)
        var environment = ["ALL_PROXY": "http://\(userInfo)127.0.0.1:\(proxy.port)"].merging(extra) { $1 }
        environment["SSL_CERT_FILE"] = untrusted ? nil : maker?.authority
        let transport = Transport(environment: environment, lookup: { _ in throw CancellationError() })
        var result = Result(proxied: [], asked: [])
        do {
            let answer = try await transport.get("http\(isSecure ? "s" : "")://\(host):\(server.port)/x", authorization: "Bearer hush")
            result.body = try await String(decoding: answer.data(upTo: 1 << 20, transport: transport), as: UTF8.self)
        } catch let failure as Failure { result.failure = failure }
        (result.proxied, result.asked) = (proxy.requests, server.requests)
        try await transport.shutdown()
        try await server.stop()
        try await proxy.stop()
        return result
    }

    @Test("DL-40 a proxy connects, looks the name up and sees no secret of the origin", arguments: [false, true]) func works(
        _ isSecure: Bool
    ) async throws {
        let result = try await ask(isSecure: isSecure)
        #expect(result.body == "hello" && result.proxied.count == 1 && result.proxied[0].hasPrefix("CONNECT hub.test:"), "\(result)")
        #expect(!result.proxied[0].contains("hush") && result.asked[0].contains("Bearer hush"))
    }

    @Test("DL-40 the proxy's own secret goes to the proxy alone") func secret() async throws {
        let result = try await ask(.init(secret: "Basic bWU6cHc="), userInfo: "me:pw@")
        #expect(result.body == "hello" && result.proxied[0].contains("bWU6cHc="))
        #expect(!result.asked[0].contains("bWU6cHc=") && !result.asked[0].lowercased().contains("proxy-"))
    }

    @Test("DL-40 a proxy that wants a password, or refuses, or is not there, is said") func refusals() async throws {
        let unknown = try await ask(.init(secret: "Basic bWU6cHc="), userInfo: "me:wrong@")
        #expect(unknown.failure?.code == .proxyRefused && unknown.failure?.message.contains("407") == true, "\(unknown)")
        for status in [403, 502] {
            let refused = try await ask(.init(refusal: status))
            #expect(refused.failure?.code == .proxyRefused && refused.asked.isEmpty, "\(refused)")
        }
        let absent = try await ask(extra: ["ALL_PROXY": "http://me:wrong@127.0.0.1:1"])
        #expect(absent.failure?.code == .noNetwork && absent.failure?.message.contains("the proxy 127.0.0.1:1") == true, "\(absent)")
        for result in [unknown, absent] { #expect(!"\(result.failure as Any)".contains("wrong")) }
    }

    @Test(
        "DL-40 a proxy that answers nonsense breaks nothing else",
        arguments: [
            "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 403 No\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "SSH-2.0\r\n\r\n", "HTTP/1.1 407 No\r\nContent-Length: 5\r\n\r\nhello",
        ])
    func nonsense(_ text: String) async throws {
        let proxy = try await FaultServer.start { _ in [.text(text), .pause(.milliseconds(20)), .close] }
        let transport = Transport(environment: ["ALL_PROXY": proxy.url])
        // What looks like a tunnel is one, so over http the rest may pass for the origin's answer; over https nothing does.
        do { _ = try await transport.get("http://hub.test/x?token=hush") } catch let failure as Failure {
            #expect("\(failure)\(failure.detail)".contains("hush") == false)
        }
        let failure = await #expect(throws: Failure.self) { try await transport.get("https://hub.test/x?token=hush") }
        #expect("\(failure as Any)".contains("hush") == false)
        try await transport.shutdown()
        try await proxy.stop()
    }

    @Test("DL-40 SOCKS 5 connects by name, and a refusal is said", arguments: [false, true]) func socks(_ isSecure: Bool) async throws {
        let proxy = try await ConnectProxy.start(.init(isSocks: true))
        let strict = try await ConnectProxy.start(.init(refusal: 1, isSocks: true))
        let maker = isSecure ? try CertificateMaker(folder: TemporaryFolder.path + "/ca") : nil
        let server = try await FaultServer.start(identity: maker?.identity("good", names: ["DNS:hub.test"])) { _ in [.answer(body: "hello")]
        }
        let url = "http\(isSecure ? "s" : "")://hub.test:\(server.port)/x"
        for (port, works) in [(proxy.port, true), (strict.port, false)] {
            var environment = ["ALL_PROXY": "socks5h://127.0.0.1:\(port)"]
            environment["SSL_CERT_FILE"] = maker?.authority
            let transport = Transport(environment: environment, lookup: { _ in throw CancellationError() })
            do {
                #expect(try await transport.get(url).status == 200 && works)
            } catch let failure as Failure { #expect(!works && failure.code == .proxyRefused, "\(failure)") }
            try await transport.shutdown()
        }
        #expect(proxy.requests == ["SOCKS hub.test:\(server.port)"] && server.requests.count == 1)
        try await server.stop()
        try await proxy.stop()
        try await strict.stop()
    }

    @Test("DL-36 DL-40 a certificate that cannot be explained behind a proxy is still refused") func untrustedBehindProxy() async throws {
        let result = try await ask(isSecure: true, extra: ["SSL_CERT_DIR": "/nonexistent"], untrusted: true)
        #expect(
            result.failure?.code == .tlsUntrusted && result.asked.isEmpty && result.failure?.message.contains("cannot be verified") == true)
    }

    @Test("DL-40 a proxy that drops the line leaves a broken answer, not a short one") func drops() async throws {
        let result = try await ask(.init(hangsUpAfter: 20_000)) { _ in [.answer(body: String(repeating: "x", count: 100_000))] }
        #expect(result.failure?.code == .badReply && result.failure.map(RetryPolicy.isWorthRetrying) == true, "\(result)")
    }

    @Test("DL-40 this machine and NO_PROXY go without it") func direct() async throws {
        let local = try await ask(host: "127.0.0.1")
        #expect(local.body == "hello" && local.proxied.isEmpty)
        let proxied = try await ask(host: "10.0.0.1")
        #expect(proxied.body == "hello" && proxied.proxied[0].hasPrefix("CONNECT 10.0.0.1:"))
    }
}
