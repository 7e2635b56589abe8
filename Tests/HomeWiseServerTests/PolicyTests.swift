// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import AsyncHTTPClient
import Foundation
import HomeWiseDomain
import HomeWiseKit
import HomeWiseTesting
import NIOCore
import NIOHTTP1
import NIOSSL
import Testing

@testable import HomeWiseServer

/// The policy in front of every route there is: what is not in the table of routes does not exist.
@Suite(.temporaryFolder, .timeLimit(.minutes(3))) struct PolicyTests {
    private static let origins = ["null", "https://evil.example", "http://localhost:1", "chrome-extension://abcdef"]
    private static let types = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", nil]

    @Test("F1 no page and no form changes anything on any route") func noPageReachesARoute() async throws {
        try await House.open { house in
            var asked = 0
            for place in house.places {
                for origin in [nil] + Self.origins {
                    for type in Self.types + ["application/json"] {
                        // Without a page and with the right type, or only looking: that is what is served.
                        if origin == nil, !place.isChanging || type == "application/json" { continue }
                        let fields = [("Origin", origin), ("Content-Type", type)].compactMap { name, value in value.map { (name, $0) } }
                        let answer = await house.ask(place.method, place.path, fields, body: place.isChanging ? "{}" : nil)
                        #expect(answer.status == (origin == nil ? 415 : 403), "\(place) \(fields) \(answer.text.prefix(200))")
                        #expect(!answer.head.contains("access-control-") && !answer.text.contains("SECRETPLACE"))
                        asked += 1
                    }
                }
            }
            #expect(house.calls == 0 && asked > 150, "\(asked)")
        }
    }

    @Test("A1 no route is served under a foreign name") func noForeignName() async throws {
        try await House.open { house in
            let hosts = [
                "evil.example", "evil.example:\(house.port)", "localhost.evil.example:\(house.port)", "127.0.0.1.nip.io:\(house.port)",
                "x.local:\(house.port)", "localhost.:\(house.port)", "", "localhost:1", "0.0.0.0:\(house.port)",
            ]
            for place in house.places + [("GET", "/", false, .open), ("GET", "/unknown", false, .open)] {
                for host in hosts {
                    let answer = await house.ask(
                        place.method, place.path, host: host, [("Content-Type", "application/json")], body: place.isChanging ? "{}" : nil)
                    #expect(
                        [400, 421].contains(answer.status) && !answer.text.contains("SECRETPLACE"), "\(place) \(host) \(answer.status)")
                }
                let two = await house.ask("\(place.method) \(place.path) HTTP/1.1\r\nHost: 127.0.0.1:\(house.port)\r\nHost: evil\r\n\r\n")
                #expect(two.status == 400, "\(two.text.prefix(100))")
                let absolute = await house.ask(
                    "\(place.method) http://127.0.0.1:\(house.port)\(place.path) HTTP/1.1\r\nHost: 127.0.0.1:\(house.port)\r\n\r\n")
                #expect(absolute.status == 400, "\(absolute.text.prefix(100))")
            }
            #expect(house.calls == 0)
            for host in ["127.0.0.1:\(house.port)", "localhost:\(house.port)", "[::1]:\(house.port)"] {
                #expect(await house.ask("GET", "/livez", host: host).status == 200)
            }
        }
    }

    @Test("F2 an upgrade by a foreign page is refused") func noForeignUpgrade() async throws {
        try await House.open { house in
            for place in house.places where !place.isChanging {
                let fields = [("Upgrade", "websocket"), ("Origin", "https://evil.example"), ("Sec-WebSocket-Version", "13")]
                #expect(await house.ask("GET", place.path, fields).status == 403)
            }
            #expect(house.calls == 0)
        }
    }

    @Test("F6 a program of another person needs a key on every route that is not open") func othersNeedAKey() async throws {
        try await House.open(caller: getuid() &+ 1) { house in
            let (use, manage) = try (house.keys.make(named: "use", scope: .use), house.keys.make(named: "manage", scope: .manage))
            for place in house.places {
                let (json, body) = (("Content-Type", "application/json"), place.isChanging ? "{}" : nil)
                func status(_ fields: [(String, String)], _ path: String = place.path) async -> Int {
                    await house.ask(place.method, path, fields + [json], body: body).status
                }
                let isOpen = place.scope == .open
                #expect(await status([]) == (isOpen ? 200 : 401), "\(place)")
                #expect(await status([("Authorization", "Bearer hw-wrong")]) == (isOpen ? 200 : 401))
                // F5: by whichever header, the answer is the same; by none else.
                for name in ["Authorization", "x-api-key"] {
                    let prefix = name == "x-api-key" ? "" : "Bearer "
                    #expect(await status([(name, prefix + manage.key)]) == 200, "\(place)")
                    #expect(await status([(name, prefix + use.key)]) == (place.scope == .manage ? 403 : 200), "\(place)")
                }
                #expect(await status([("Cookie", "key=\(manage.key)")]) == (isOpen ? 200 : 401))
                #expect(await status([], place.path + "?api_key=\(manage.key)&key=\(manage.key)") == (isOpen ? 200 : 401))
            }
            try house.keys.revoke("manage")
            #expect(await house.ask("GET", "\(DaemonWire.base)/loaded", [("x-api-key", manage.key)]).status == 401)
        }
    }

    @Test(
        "F6 the real system tells a program of another person",
        .enabled(if: getuid() == 0 && FileManager.default.fileExists(atPath: "/usr/bin/setpriv")))
    func anotherUser() async throws {
        try await House.open { house in
            func asking(_ user: UInt32, _ script: String) async throws -> String {
                let (process, pipe) = (Process(), Pipe())
                process.executableURL = URL(filePath: "/usr/bin/setpriv")
                process.arguments = ["--reuid=\(user)", "--clear-groups", "bash", "-c", script]
                process.standardOutput = pipe
                process.standardError = FileHandle.nullDevice
                try process.run()
                return await blocking { String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self) }
            }
            let path = "\(DaemonWire.base)/loaded"
            let tcp =
                "exec 3<>/dev/tcp/127.0.0.1/\(house.port); printf 'GET \(path) HTTP/1.1\\r\\nHost: 127.0.0.1:\(house.port)\\r\\nConnection: close\\r\\n\\r\\n' >&3; cat <&3"
            #expect(try await asking(65534, tcp).hasPrefix("HTTP/1.1 401"))
            #expect(try await asking(0, tcp).hasPrefix("HTTP/1.1 200"))
            // Even where the folder and the socket are open to all, the socket is one person's.
            let unix = """
                python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); s.connect("\(house.socket)"); s.settimeout(5)
                s.sendall(b"GET \(path) HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n"); print(s.recv(4096).decode())'
                """
            #expect(try await asking(0, unix).hasPrefix("HTTP/1.1 200"))
            #expect(try await asking(65534, unix) == "")
            chmod(TemporaryFolder.path, 0o755)
            chmod(house.socket, 0o666)
            let refused = try await asking(65534, unix)
            #expect(refused.hasPrefix("HTTP/1.1 403"), "\(refused)")
        }
    }

    @Test("A13 beyond loopback there is TLS, and a key is needed whoever asks") func beyondLoopback() async throws {
        let identity = try ServerIdentity.kept(in: TemporaryFolder.path + "/tls", names: [])
        #expect(try ServerIdentity.kept(in: TemporaryFolder.path + "/tls", names: []) == identity)
        #expect(permissions(of: TemporaryFolder.path + "/tls/key.pem") == 0o600)
        try await House.open(at: ["0.0.0.0:0"], identity: identity) { house in
            let key = try house.keys.make(named: "far", scope: .use)
            var configuration = HTTPClient.Configuration(certificateVerification: .none)
            configuration.httpVersion = .http1Only
            let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
            func status(_ fields: [(String, String)]) async throws -> UInt {
                var request = HTTPClientRequest(url: "https://127.0.0.1:\(house.port)\(DaemonWire.base)/loaded")
                for (name, value) in fields { request.headers.add(name: name, value: value) }
                return try await client.execute(request, timeout: .seconds(10)).status.code
            }
            #expect(try await status([]) == 401)
            #expect(try await status([("Authorization", "Bearer \(key.key)")]) == 200)
            // In the clear nothing is answered.
            #expect(await house.ask("GET", "/livez").status == 0)
            try await client.shutdown()
        }
    }

    @Test("A13 the program refuses an open address, and says how to go on", arguments: ["0.0.0.0", "::"])
    func theProgramRefuses(_ host: String) async throws {
        let (process, pipe) = (Process(), Pipe())
        process.executableURL = URL(filePath: Products.homewise)
        process.arguments = ["serve", "--host", host, "--port", "0"]
        process.environment = ["HOMEWISE_HOME": TemporaryFolder.path + "/home", "HOME": TemporaryFolder.path, "PATH": "/usr/bin:/bin"]
        process.standardError = pipe
        try process.run()
        let words = await blocking { String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self) }
        process.waitUntilExit()
        #expect(process.terminationStatus == 78 && words.contains("homewise keys create") && words.contains("--tls"), "\(words)")
    }

    @Test func aPageThatWasAllowedMayAskAndIsNamed() async throws {
        try await House.open(policy: AccessPolicy(origins: ["https://chat.example"])) { house in
            let origin = ("Origin", "https://chat.example")
            let before = await house.ask("OPTIONS", "\(DaemonWire.base)/ask", [origin, ("Access-Control-Request-Method", "POST")])
            #expect(before.status == 204 && before.head.contains("access-control-allow-origin: https://chat.example"), "\(before.text)")
            let answer = await house.ask("GET", "\(DaemonWire.base)/loaded", [origin, ("Sec-Fetch-Site", "cross-site")])
            #expect(answer.status == 200 && answer.head.contains("access-control-allow-origin: https://chat.example"))
            let other = await house.ask(
                "OPTIONS", "\(DaemonWire.base)/ask", [("Origin", "https://evil.example"), ("Access-Control-Request-Method", "POST")])
            #expect(other.status == 403 && !other.head.contains("access-control-"))
        }
    }

    @Test func everyAnswerHasItsSafeHeaders() async throws {
        try await House.open { house in
            for answer in [
                await house.ask("GET", "/livez"), await house.ask("GET", "/unknown"), await house.ask("GET", "/livez", host: "evil"),
                await house.ask("garbage\r\n\r\n"),
            ] {
                for header in ["x-content-type-options: nosniff", "content-security-policy: default-src 'none'", "cache-control: no-store"]
                {
                    #expect(answer.head.contains(header), "\(header) \(answer.text)")
                }
            }
        }
    }
}
