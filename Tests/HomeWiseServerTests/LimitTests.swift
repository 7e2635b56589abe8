// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseKit
import HomeWiseTesting
import Hummingbird
import Synchronization
import Testing

@testable import HomeWiseServer

/// What one connection, and all together, may take.
@Suite(.temporaryFolder, .timeLimit(.minutes(3)), .serialized) struct LimitTests {
    #if os(Linux)
        private static let fileDescriptors = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
        private static let fileDescriptors = RLIMIT_NOFILE
    #endif

    private static func raiseFileLimit() {
        var limit = rlimit()
        getrlimit(fileDescriptors, &limit)
        limit.rlim_cur = min(limit.rlim_max, 65_536)
        setrlimit(fileDescriptors, &limit)
    }

    @Test("F7 five hundred slow connections do not keep a healthy client waiting") func slowOnesMakeRoom() async throws {
        Self.raiseFileLimit()
        var limits = ServerLimits()
        limits.connections = 128
        try await House.open(limits: limits) { house in
            let port = house.port
            let slow = await blocking {
                (0..<500).compactMap { _ in
                    let client = RawClient(port: port)
                    client?.send("GET /livez HTTP/1.1\r\nHost: 127.")
                    return client
                }
            }
            #expect(slow.count == 500)
            var times: [Duration] = []
            for _ in 0..<100 {
                let start = ContinuousClock.now
                #expect(await house.ask("GET", "/livez").status == 200)
                times.append(start.duration(to: .now))
            }
            let worst = times.sorted()[98]
            #expect(worst < .milliseconds(250), "p99 \(worst)")
            withExtendedLifetime(slow) {}
        }
    }

    @Test("F7 who does not end the headers is cut") func slowHeaders() async throws {
        var limits = ServerLimits()
        limits.head = .milliseconds(300)
        try await House.open(limits: limits) { house in
            let port = house.port
            let (isEnded, time) = await blocking {
                let start = ContinuousClock.now
                let client = RawClient(port: port)
                client?.send("GET /livez HTTP/1.1\r\nHost: ")
                return (client?.readAll().isEnded, start.duration(to: .now))
            }
            #expect(isEnded == true && time < .seconds(3), "\(time)")
        }
    }

    @Test("F7 who is idle too long is cut") func idle() async throws {
        var limits = ServerLimits()
        limits.idle = .milliseconds(300)
        try await House.open(limits: limits) { house in
            let port = house.port
            let (answer, time) = await blocking {
                let start = ContinuousClock.now
                let client = RawClient(port: port)
                client?.send("GET /livez HTTP/1.1\r\nHost: localhost:\(port)\r\n\r\n")
                return (client?.readAll(), start.duration(to: .now))
            }
            #expect(answer?.isEnded == true && answer?.text.contains("200 OK") == true && time < .seconds(3), "\(time)")
        }
    }

    private static func reader(limit: Int) -> RouteTable {
        var table = RouteTable()
        table.post("/test/read", .use, .native, longestBody: limit) { request, context in
            try Reply.json(["count": await request.body.collect(upTo: .max).readableBytes])
        }
        return table
    }

    @Test("F7 a body of one byte at a time is cut") func slowBody() async throws {
        var limits = ServerLimits()
        limits.bodyWindow = .milliseconds(400)
        try await House.open(isCounting: false, limits: limits, more: Self.reader(limit: 1 << 30)) { house in
            let port = house.port
            let time = await blocking {
                let start = ContinuousClock.now
                let client = RawClient(port: port)
                client?.send(
                    "POST /test/read HTTP/1.1\r\nHost: localhost:\(port)\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
                )
                while client?.send("x") == true, start.duration(to: .now) < .seconds(8) { usleep(100_000) }
                return start.duration(to: .now)
            }
            #expect(time < .seconds(3), "\(time)")
        }
    }

    @Test("F7 a body is counted as it comes") func longBody() async throws {
        try await House.open(isCounting: false, more: Self.reader(limit: 1000)) { house in
            let head =
                "POST /test/read HTTP/1.1\r\nHost: localhost:\(house.port)\r\nContent-Type: application/json\r\nConnection: close\r\n"
            let sound = await house.ask(
                head + "Transfer-Encoding: chunked\r\n\r\n3e8\r\n" + String(repeating: "x", count: 1000) + "\r\n0\r\n\r\n")
            #expect(sound.status == 200 && sound.body.contains("1000"), "\(sound.text)")
            let long = await house.ask(
                head + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n" + String(repeating: "x", count: 1001) + "\r\n0\r\n\r\n")
            #expect(long.status == 413 && long.body.contains("too_long"), "\(long.text)")
            #expect(await house.ask(head + "Content-Length: 107374182400\r\n\r\n").status == 413)
            // Nor is the rest of it read to nowhere for ever.
            let port = house.port
            let sent = await blocking {
                let client = RawClient(port: port)
                client?.send(head.replacingOccurrences(of: "Connection: close\r\n", with: "") + "Content-Length: 107374182400\r\n\r\n")
                var sent = 0
                while sent < 256, client?.send([UInt8](repeating: 1, count: 1 << 20)) == true { sent += 1 }
                return sent
            }
            #expect(sent < 64, "\(sent) MiB were taken")
        }
    }

    @Test("F7 a reader that never reads is cut, and its work ends") func neverReads() async throws {
        let shared = Cut()
        var table = RouteTable()
        table.get("/test/endless", .use, .native) { _, _ in
            Response(
                status: .ok,
                body: ResponseBody { writer in
                    let buffer = ByteBuffer(repeating: 0x78, count: 65_536)
                    do { while true { try await writer.write(buffer) } } catch {
                        shared.isCut.store(true, ordering: .sequentiallyConsistent)
                        throw error
                    }
                })
        }
        var limits = ServerLimits()
        limits.stall = .milliseconds(300)
        try await House.open(isCounting: false, limits: limits, more: table) { house in
            let port = house.port
            let client = await blocking {
                let client = RawClient(port: port)
                client?.send("GET /test/endless HTTP/1.1\r\nHost: localhost:\(port)\r\n\r\n")
                return client
            }
            #expect(await eventually(within: .seconds(5)) { shared.isCut.load(ordering: .sequentiallyConsistent) })
            #expect(await house.ask("GET", "/livez").status == 200)
            withExtendedLifetime(client) {}
        }
    }

    final class Cut: Sendable { let isCut = Atomic(false) }

    @Test("G2 a hundred thousand headers are refused without harm") func manyHeaders() async throws {
        try await House.open { house in
            let start = "GET /livez HTTP/1.1\r\nHost: localhost:\(house.port)\r\n"
            let many = await house.ask(start + String(repeating: "a:b\r\n", count: 100_000) + "\r\n")
            #expect(many.status == 431 && many.body.contains("too_long"), "\(many.text.prefix(300))")
            #expect(await house.ask(start + "a: " + String(repeating: "x", count: 100_000) + "\r\n\r\n").status == 431)
            #expect(await house.ask("GET /livez").status == 0)
            #expect(await house.ask("GET", "/livez").status == 200)
        }
    }

    @Test("G3 control characters are refused wherever they stand") func controlCharacters() async throws {
        try await House.open { house in
            let host = "Host: localhost:\(house.port)\r\n"
            for odd in [
                "GET /li\u{0}vez HTTP/1.1\r\n\(host)\r\n", "GET /livez\rX HTTP/1.1\r\n\(host)\r\n",
                "GET /livez\u{7f} HTTP/1.1\r\n\(host)\r\n",
                "GET /livez%00 HTTP/1.1\r\n\(host)\r\n", "GET /livez%0d%0aX:%20y HTTP/1.1\r\n\(host)\r\n",
                "GET /a/%0A/b HTTP/1.1\r\n\(host)\r\n",
                "GET /livez HTTP/1.1\r\nHost: localhost:\(house.port)\u{0}\r\n\r\n", "GET /livez HTTP/1.1\r\nHost: localhost\rX: y\r\n\r\n",
                "GET /livez HTTP/1.1\r\n\(host)X-A: a\u{0}b\r\n\r\n", "GET /livez HTTP/1.1\r\n\(host)X-A: a\rb\r\n\r\n",
                "GET /livez HTTP/1.1\r\n\(host)X\u{1}A: a\r\n\r\n", "GET livez HTTP/1.1\r\n\(host)\r\n",
                "CONNECT evil:443 HTTP/1.1\r\n\(host)\r\n",
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET /livez HTTP/3.7\r\n\(host)\r\n",
                "POST /x HTTP/1.1\r\n\(host)Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "POST /x HTTP/1.1\r\n\(host)Content-Length: -1\r\n\r\n",
                "POST /x HTTP/1.1\r\n\(host)Content-Length: 99999999999999999999\r\n\r\n",
            ] {
                let answer = await house.ask(odd)
                #expect((400...421).contains(answer.status), "\(odd.debugDescription) \(answer.text.prefix(100))")
            }
            #expect(house.calls == 0)
        }
    }

    @Test(
        "G4 odd numbers are refused, and nothing ends",
        arguments: [
            "1.5", "1e999", "-1e999", "18446744073709551616", "-9223372036854775809", "\"1\"", "NaN", "0x10", "01",
            String(repeating: "9", count: 1_000_000),
        ])
    func oddNumbers(_ number: String) async throws {
        try await House.open(isCounting: false) { house in
            let body = #"{"model":"none","options":{},"messages":[],"limit":\#(number)}"#
            let answer = await house.ask("POST", "\(DaemonWire.base)/ask", [("Content-Type", "application/json")], body: body)
            #expect(answer.status == 400 && answer.body.contains("bad_input"), "\(number.prefix(40)) \(answer.text.prefix(300))")
            let traced = await house.ask("GET", "/livez", [("traceparent", number.prefix(2000) + "-")])
            #expect(traced.status == 200)
        }
    }
}
