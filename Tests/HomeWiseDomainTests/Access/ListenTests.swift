// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import Testing

struct ListenTests {
    @Test(
        "A13 an address beyond this machine needs a key and TLS",
        arguments: ["0.0.0.0:8484", "[::]:8484", "192.168.1.5:8484", "[::ffff:127.0.0.1]:8484"])
    func openAddressesNeedBoth(_ text: String) throws {
        let endpoint = try Endpoint(parsing: text)
        for (hasKey, hasTLS) in [(false, false), (true, false), (false, true)] {
            let failure = #expect(throws: Failure.self) { try ListenPlan([endpoint], hasKey: hasKey, hasTLS: hasTLS) }
            #expect(failure?.code == .openAddress && failure?.remedy.contains("127.0.0.1") == true, "\(failure?.message ?? "")")
        }
        #expect(try ListenPlan([endpoint], hasKey: true, hasTLS: true).endpoints == [endpoint])
    }

    @Test func loopbackNeedsNothing() throws {
        let endpoints = try ["127.0.0.1:8484", "[::1]:8484", "localhost:11434", "127.0.0.2:1"].map { try Endpoint(parsing: $0) }
        #expect(
            try ListenPlan(endpoints, hasKey: false, hasTLS: false).endpoints.map(\.description) == [
                "127.0.0.1:8484", "[::1]:8484", "127.0.0.1:11434", "127.0.0.2:1",
            ])
        #expect(throws: Failure.self) { try ListenPlan([endpoints[0], endpoints[0]], hasKey: false, hasTLS: false) }
    }

    @Test(arguments: [
        "", "8484", "127.0.0.1", "127.0.0.1:65536", "127.0.0.1:-1", "box.local:8484", "127.1:1", ":::1", "[::1]", "127.0.0.1:٣",
    ])
    func whatIsNoAddressIsRefused(_ text: String) { #expect(throws: Failure.self) { try Endpoint(parsing: text) } }

    @Test("F7 who waits longest gives way, and never who is served") func roomIsMade() {
        var board = ConnectionBoard(total: 3, perClient: 2)
        #expect([1, 2, 3].map { board.arrived($0, client: nil) } == [.admitted, .admitted, .admitted])
        board.isServed(1)
        #expect(board.arrived(4, client: nil) == .admittedInsteadOf(2))
        board.waits(1)
        #expect(board.arrived(5, client: nil) == .admittedInsteadOf(3))
        for id in [1, 4, 5] { board.isServed(id) }
        #expect(board.arrived(6, client: nil) == .refused && board.count == 3)
        board.left(4)
        #expect(board.arrived(7, client: "a") == .admitted)
    }

    @Test("F7 one client has its share") func sharesAreHeld() {
        var board = ConnectionBoard(total: 100, perClient: 2)
        #expect([1, 2].map { board.arrived($0, client: "a") } == [.admitted, .admitted])
        #expect(board.arrived(3, client: "b") == .admitted)
        #expect(board.arrived(4, client: "a") == .admittedInsteadOf(1))
        board.isServed(2)
        board.isServed(4)
        #expect(board.arrived(5, client: "a") == .refused)
        #expect(board.arrived(6, client: "b") == .admitted)
    }

    @Test("G4 a trace header is read strictly") func traces() throws {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let trace = try #require(TraceParent(good))
        #expect(trace.description == good)
        #expect(trace.child(0xff).description == "00-0af7651916cd43dd8448eb211c80319c-00000000000000ff-01")
        #expect(trace.child(0).parent == "0000000000000001" && trace.child(.max).parent == "ffffffffffffffff")
        #expect(TraceParent("01" + good.dropFirst(2) + "-more")?.trace == trace.trace)
        let bad = [
            "", "00", good + "-", good + "0", "ff" + good.dropFirst(2), good.uppercased(), good.replacingOccurrences(of: "-", with: "_"),
            "00-00000000000000000000000000000000-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "01" + good.dropFirst(2) + "x", "0٠" + good.dropFirst(2), String(good.dropLast()), String(repeating: "0", count: 1_000_000),
        ]
        for text in bad { #expect(TraceParent(text) == nil, "\(text.prefix(80))") }
    }

    @Test func keysAreFoundByTheirHashAlone() throws {
        let hashes = ["a", "b"].map { try? Digest(sha256: String(repeating: $0, count: 64)) }.compactMap { $0 }
        let keys = zip(["one", "two"], hashes).map { AccessKey(name: $0, scope: .use, createdAt: Date(), hash: $1) }
        #expect(keys.holder(of: hashes[1])?.name == "two")
        #expect(try keys.holder(of: Digest(sha256: String(repeating: "c", count: 64))) == nil)
        #expect(try keys.holder(of: Digest(sha256: String(repeating: "a", count: 63) + "b")) == nil)
        #expect(AccessKey.text(of: [UInt8](repeating: 0xa5, count: 32)) == "hw-" + String(repeating: "a5", count: 32))
        for name in ["", "a b", "ä", "a/b", String(repeating: "a", count: 65)] {
            #expect(throws: Failure.self) { try AccessKey.check(name: name) }
        }
    }

    @Test(arguments: [0.0, 784_111_777, -1, 951_782_400, 4_102_444_799, 253_402_300_799])
    func datesAreWrittenAsTheyAreRead(_ seconds: Double) {
        let text = HTTPDate.text(of: Date(timeIntervalSince1970: seconds))
        #expect(HTTPDate.parse(text, now: Date())?.timeIntervalSince1970 == seconds, "\(text)")
        if seconds == 784_111_777 { #expect(text == "Sun, 06 Nov 1994 08:49:37 GMT") }
    }
}
