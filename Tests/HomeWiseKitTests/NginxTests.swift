// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseSources
import HomeWiseStore
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseKit

/// Pulls of whole models from a real nginx, set up as servers of files are.
@Suite(.temporaryFolder, .serialized, .timeLimit(.minutes(10))) struct NginxTests {
    /// Three pieces, so that several ranges are asked for.
    static let weights = soundModel(20_000_000, seed: 11)
    static let newer = soundModel(20_000_000, seed: 12)
    static let sum = PullTests.sha256(weights)

    private func world(_ environment: [String: String] = [:], connections: Int = 8, isPatient: Bool = false) -> World {
        var patience = RetryPolicy()
        patience.firstDelay = .milliseconds(5)
        if !isPatient { (patience.outage, patience.serverTrouble) = (.zero, .zero) }
        let base = ["HF_ENDPOINT": "http://127.0.0.1:1", "PATH": "/usr/bin:/bin", "HOME": TemporaryFolder.path]
        return World(
            home: TemporaryFolder.path + "/home", cache: TemporaryFolder.path + "/cache", executable: Products.homewise,
            environment: base.merging(environment) { $1 }, patience: patience,
            limits: TransferLimits(connections: connections), registry: Data(#"{"models": []}"#.utf8))
    }

    private func pull(_ source: String, _ world: World) async throws -> Installed {
        try await HomeWise.open(world) { house in
            let name = try await house.name(of: source) { _ in }
            return try await house.obtain(name) { _ in }.installed
        }
    }

    private func failure(_ body: () async throws -> Void) async -> Failure? {
        do { try await body() } catch { return error as? Failure }
        return nil
    }

    /// What was installed is what nginx has, byte for byte, and every rule of the store holds.
    private func check(_ installed: Installed, is bytes: [UInt8] = weights) throws {
        #expect(installed.digest.hex == PullTests.sha256(bytes))
        #expect(try Data(contentsOf: URL(filePath: installed.path)) == Data(bytes))
        #expect(try StoreInvariants.check(home: TemporaryFolder.path + "/home") == [])
    }

    @Test("DL-36 DL-41 E3 nginx: ranges over TLS with an own authority, behind redirects to another name and port") func redirects()
        async throws
    {
        let maker = try CertificateMaker(folder: TemporaryFolder.path + "/ca")
        let identity = try maker.identity("nginx", names: ["DNS:localhost", "IP:127.0.0.1"])
        let ports = try await RealNginx.freePorts(3)
        let nginx = try await RealNginx(
            ports: ports,
            """
            server { listen 127.0.0.1:\(ports[0]); return 302 https://localhost:\(ports[1])$request_uri; }
            server {
                listen 127.0.0.1:\(ports[1]) ssl http2;
                ssl_certificate \(identity.certificate); ssl_certificate_key \(identity.key);
                location /moved/ { return 302 https://127.0.0.1:\(ports[1])/model-Q4_0.gguf; }
                location /down/ { return 302 http://127.0.0.1:\(ports[2])/model-Q4_0.gguf; }
            }
            server { listen 127.0.0.1:\(ports[2]); }
            """)
        defer { nginx.stop() }
        try nginx.put(Self.weights, as: "model-Q4_0.gguf")
        try nginx.put(Array("\(Self.sum)  model-Q4_0.gguf\n".utf8), as: "SHA256SUMS")
        let start = "http://127.0.0.1:\(nginx.ports[0])"
        // Without the authority nothing comes.
        #expect(await failure { _ = try await pull("\(start)/model-Q4_0.gguf", world()) }?.code == .tlsUntrusted)
        let trusting = world(["SSL_CERT_FILE": maker.authority])
        try await check(pull("\(start)/model-Q4_0.gguf", trusting))
        let served = nginx.lines.filter { $0.port == nginx.ports[1] }
        #expect(served.allSatisfy { $0.version == "HTTP/1.1" }, "streams of one connection, and their faults, are not taken up")
        #expect(served.contains { $0.uri == "/SHA256SUMS" && $0.status == 200 }, "the list beside it proves the file")
        #expect(served.count { $0.status == 206 && $0.bytes > 1 } >= 3, "it came in ranges")
        let again = try await pull("\(start)/moved/model-Q4_0.gguf#sha256=\(Self.sum)", trusting)
        #expect(again.digest.hex == Self.sum)
        let down = await failure { _ = try await pull("https://localhost:\(nginx.ports[1])/down/model-Q4_0.gguf", trusting) }
        #expect(down?.code == .insecureRedirect)
        #expect(nginx.lines.allSatisfy { $0.port != nginx.ports[2] }, "no byte was asked for without TLS")
    }

    @Test("DL-34 nginx: a server that takes two connections at a time, answers 503 to more, and sends 12 MB/s on each") func limits()
        async throws
    {
        let ports = try await RealNginx.freePorts(1)
        let nginx = try await RealNginx(
            ports: ports,
            """
            limit_conn_zone $server_port zone=few:1m;
            server { listen 127.0.0.1:\(ports[0]); limit_conn few 2; limit_conn_status 503; limit_rate 12m; }
            """)
        defer { nginx.stop() }
        try nginx.put(Self.weights, as: "model-Q4_0.gguf")
        try await check(pull("http://127.0.0.1:\(nginx.ports[0])/model-Q4_0.gguf#sha256=\(Self.sum)", world(isPatient: true)))
        #expect(nginx.lines.contains { $0.status == 503 }, "more connections were tried than it takes")
    }

    @Test("DL-06 DL-37 nginx: what stands behind it hangs up in mid-body, again and again") func proxied() async throws {
        let cuts = Mutex(0)
        let upstream = try await LoopbackServer.start { request in
            let count = request.range?.count ?? 0
            let isCut =
                count > 1_000_000
                && cuts.withLock { cuts in
                    cuts += 1
                    return cuts <= 4
                }
            return .file(Self.weights, for: request, end: isCut ? .hangUp(after: 700_000) : .complete)
        }
        let ports = try await RealNginx.freePorts(1)
        let nginx = try await RealNginx(
            ports: ports,
            "server { listen 127.0.0.1:\(ports[0]); location / { proxy_pass \(upstream.url); proxy_http_version 1.1; } }")
        defer { nginx.stop() }
        let address = "http://127.0.0.1:\(nginx.ports[0])/model-Q4_0.gguf#sha256=\(Self.sum)"
        try await check(pull(address, world()))
        let sent = nginx.lines.filter { $0.status == 206 && $0.bytes > 1 }
        #expect(sent.contains { $0.bytes == 700_000 } && cuts.withLock { $0 } > 4, "lines broke on the way")
        // The header was read before all else, and what nginx had sent when it hung up did not always get here.
        #expect(sent.reduce(0) { $0 + $1.bytes } < Self.weights.count + (2 << 20), "what had come was not asked for again")
        try await upstream.stop()
    }

    @Test("DL-16 nginx: a file that is replaced in mid-download is never mixed with the one before: If-Range says so") func replaced()
        async throws
    {
        let ports = try await RealNginx.freePorts(1)
        let nginx = try await RealNginx(
            ports: ports,
            "server { listen 127.0.0.1:\(ports[0]); limit_rate 6m; }")
        defer { nginx.stop() }
        try nginx.put(Self.weights, as: "model-Q4_0.gguf")
        let address = "http://127.0.0.1:\(nginx.ports[0])/model-Q4_0.gguf"
        // One range after the other, so that some are asked for after the change.
        let world = world(connections: 1)
        let first = Task { try await pull(address, world) }
        // A server's tag is made of time and length: another second is another file.
        let isUnderWay = try await eventually(within: .seconds(20)) { try Self.hasBegun(in: TemporaryFolder.path + "/home") }
        #expect(isUnderWay)
        try nginx.put(Self.newer, as: "next")
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: 60)], ofItemAtPath: nginx.root + "/next")
        try #require(rename(nginx.root + "/next", nginx.root + "/model-Q4_0.gguf") == 0)
        let failure = await failure { _ = try await first.value }
        #expect(failure?.code == .badReply && failure?.message.contains("changed") == true, "\(failure as Any)")
        // It writes down what it did once it sees that nobody listens any more.
        let isSaid = await eventually(within: .seconds(10)) {
            nginx.lines.contains { $0.status == 200 && $0.ifRange != "-" && $0.range != "-" }
        }
        #expect(isSaid, "\(nginx.lines)")
        try await check(pull(address, world), is: Self.newer)
    }

    /// Whether a transfer has written the end of its first MiB.
    private static func hasBegun(in home: String) throws -> Bool {
        let folder = home + "/partial"
        let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        return try names.contains { name in
            let file = try FileHandle(forReadingFrom: URL(filePath: "\(folder)/\(name)"))
            try file.seek(toOffset: (1 << 20) - 4096)
            return try file.read(upToCount: 4096)?.contains { $0 != 0 } ?? false
        }
    }

    @Test("DL-19 nginx: gzip is on and not taken; a server that packs all the same is refused") func compressed() async throws {
        let ports = try await RealNginx.freePorts(2)
        let nginx = try await RealNginx(
            ports: ports,
            """
            gzip on; gzip_types *; gzip_min_length 1; gzip_proxied any;
            server { listen 127.0.0.1:\(ports[0]); }
            server { listen 127.0.0.1:\(ports[1]); gzip off; gzip_static always; }
            """)
        defer { nginx.stop() }
        try nginx.put(Self.weights, as: "model-Q4_0.gguf")
        try nginx.put(Array("\(Self.sum)  model-Q4_0.gguf\n".utf8), as: "model-Q4_0.gguf.sha256")
        // It packs for those who take it.
        let script = """
            import sys, urllib.request
            print(urllib.request.urlopen(urllib.request.Request(sys.argv[1], headers={"Accept-Encoding": "gzip"})).headers["Content-Encoding"])
            """
        let list = "http://127.0.0.1:\(nginx.ports[0])/model-Q4_0.gguf.sha256"
        let packed = try Peers.run("/usr/bin/python3", ["-c", script, list])
        #expect(packed.output == "gzip\n", "\(packed.text)")
        try await check(pull("http://127.0.0.1:\(nginx.ports[0])/model-Q4_0.gguf", world()))
        // gzip_static asks for the packed file alone.
        try nginx.put(Self.newer, as: "model-Q8_0.gguf.gz")
        let refused = await failure {
            _ = try await pull("http://127.0.0.1:\(nginx.ports[1])/model-Q8_0.gguf#sha256=\(PullTests.sha256(Self.newer))", world())
        }
        #expect(refused?.code == .badReply && refused?.message.contains("gzip") == true, "\(refused as Any)")
    }
}
