// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Testing

/// Who may ask, without a server.
struct AccessPolicyTests {
    private static let loopback = Listener.loopback(port: 8484)
    private static let change = RouteRule(scope: .use, isChanging: true, longestBody: 1000)
    private static let look = RouteRule(scope: .use, isChanging: false, longestBody: 0)

    private func status(
        _ fields: [(String, String)], _ route: RouteRule = look, at listener: Listener = loopback, from caller: Caller = .sameUser,
        holding held: AccessScope? = nil, policy: AccessPolicy = AccessPolicy()
    ) -> Int {
        let head = RequestHead(method: route.isChanging ? "POST" : "GET", fields: fields.map { (name: $0.0, value: $0.1) })
        return policy.refusal(of: head, for: route, at: listener, from: caller, holding: held)?.status ?? 200
    }

    @Test(
        "A1 a name that is not ours is not served",
        arguments: [
            "evil.example", "evil.example:8484", "localhost.evil.example:8484", "127.0.0.1.nip.io:8484", "x.local:8484", "x.internal:8484",
            "localhost.:8484", "localhost:8485", "localhost", "127.0.0.1", "127.0.0.1:80", "0.0.0.0:8484", "[::]:8484",
            "[::ffff:127.0.0.1]:8484",
            "127.1:8484", "2130706433:8484", "0x7f.0.0.1:8484", "127.0.0.1:08484", "localhost:8484@evil.example", "local host:8484",
            "[::1:8484",
            "localhost:8484:8484", "127.0.0.1:", "[::1%lo]:8484",
        ])
    func aForeignHostIsRefused(_ host: String) { #expect(status([("Host", host)]) == 421, "\(host)") }

    @Test("A1 no host, an empty one or two are refused") func ambiguousHostsAreRefused() {
        #expect(status([]) == 400)
        #expect(status([("Host", "")]) == 400)
        #expect(status([("Host", "localhost:8484"), ("Host", "localhost:8484")]) == 400)
        #expect(status([("Host", "a"), ("host", "b")], at: .socket) == 400)
    }

    @Test(
        "A1 our own names are served",
        arguments: ["localhost:8484", "LOCALHOST:8484", "127.0.0.1:8484", "[::1]:8484", "[0:0:0:0:0:0:0:1]:8484"])
    func ownHostsAreServed(_ host: String) { #expect(status([("Host", host)]) == 200) }

    @Test func namesThatAPersonGaveAreServedWithTheirPort() throws {
        let policy = try AccessPolicy(names: [#require(Authority("box.local")), #require(Authority("box.example:443"))])
        #expect(status([("Host", "box.local:8484")], policy: policy) == 200)
        #expect(status([("Host", "box.local:9")], policy: policy) == 421)
        #expect(status([("Host", "box.example:443")], policy: policy) == 200)
        #expect(status([("Host", "box.example:8484")], policy: policy) == 421)
        #expect(status([("Host", "a.box.local:8484")], policy: policy) == 421)
        #expect(status([("Host", "whatever")], at: .socket, policy: policy) == 200)
        let network = Listener.network(address: HostAddress("192.168.1.5"), port: 8484)
        #expect(status([("Host", "192.168.1.5:8484")], at: network, from: .remote, holding: .use) == 200)
        #expect(status([("Host", "192.168.1.6:8484")], at: network, from: .remote, holding: .use) == 421)
    }

    @Test(
        "F1 a foreign page is refused",
        arguments: [
            "null", "https://evil.example", "http://localhost:1", "http://localhost", "https://localhost:8484", "http://127.0.0.1:8484",
            "chrome-extension://abcdef", "http://localhost:8484.evil.example", "http://localhost:8484/", "", "*", "file://",
        ])
    func aForeignOriginIsRefused(_ origin: String) {
        let fields = [("Host", "localhost:8484"), ("Origin", origin), ("Content-Type", "application/json")]
        #expect(status(fields, Self.change) == 403)
        #expect(status(fields, Self.look) == 403)
        // Nor does a wish for everything or for nothing allow one.
        #expect(status(fields, Self.change, policy: AccessPolicy(origins: ["*", "null"])) == 403)
    }

    @Test("F1 a browser that says another site asks is refused", arguments: ["cross-site", "same-site", "other", ""])
    func aForeignSiteIsRefused(_ site: String) {
        #expect(status([("Host", "localhost:8484"), ("Sec-Fetch-Site", site)]) == 403)
    }

    @Test func ownPagesAndAllowedOnesMayAsk() {
        let json = [("Host", "localhost:8484"), ("Content-Type", "application/json; charset=utf-8")]
        #expect(status(json + [("Origin", "http://localhost:8484"), ("Sec-Fetch-Site", "same-origin")], Self.change) == 200)
        #expect(status(json + [("Sec-Fetch-Site", "none")], Self.change) == 200)
        let allowed = AccessPolicy(origins: ["https://chat.example"])
        #expect(status(json + [("Origin", "https://chat.example"), ("Sec-Fetch-Site", "cross-site")], Self.change, policy: allowed) == 200)
        #expect(
            status(json + [("Origin", "https://chat.example.evil"), ("Sec-Fetch-Site", "cross-site")], Self.change, policy: allowed) == 403)
        #expect(
            status(json + [("Origin", "https://chat.example"), ("Origin", "https://chat.example")], Self.change, policy: allowed) == 403)
    }

    @Test(
        "F1 a change needs the type that no page sends unasked",
        arguments: [
            "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp", "text/json", "",
            "application/json, text/plain",
        ])
    func otherTypesAreRefused(_ type: String) {
        #expect(status([("Host", "localhost:8484"), ("Content-Type", type)], Self.change) == 415)
    }

    @Test func noTypeAtAllIsRefusedUnlessThereIsNothingToHaveOne() {
        let host = [("Host", "localhost:8484")]
        #expect(status(host, Self.change) == 415)
        #expect(status(host + [("Content-Type", "application/json"), ("Content-Type", "text/plain")], Self.change) == 415)
        let delete = RequestHead(method: "DELETE", fields: [(name: "Host", value: "localhost:8484")])
        #expect(AccessPolicy().refusal(of: delete, for: Self.change, at: Self.loopback, from: .sameUser, holding: nil) == nil)
        let upload = RouteRule(scope: .manage, isChanging: true, mediaTypes: ["application/octet-stream"], longestBody: 10)
        #expect(status(host + [("Content-Type", "application/octet-stream")], upload) == 200)
        #expect(status(host + [("Content-Type", "application/json")], upload) == 415)
    }

    @Test("F6 who needs a key, and which") func whoNeedsAKey() {
        let host = [("Host", "localhost:8484")]
        let network = Listener.network(address: nil, port: 8484)
        #expect(status(host) == 200)
        for caller in [Caller.otherUser, .unknown, .remote] {
            #expect(status(host, from: caller) == 401, "\(caller)")
            #expect(status(host, from: caller, holding: .open) == 403)
            #expect(status(host, from: caller, holding: .use) == 200)
        }
        let manage = RouteRule(scope: .manage, isChanging: false, longestBody: 0)
        #expect(status(host, manage, from: .otherUser, holding: .use) == 403)
        #expect(status(host, manage, from: .otherUser, holding: .manage) == 200)
        #expect(status(host, RouteRule(scope: .open, isChanging: false, longestBody: 0), from: .remote) == 200)
        // Beyond loopback always, whoever it seems to be; on the socket never for others.
        #expect(status(host, at: network, from: .sameUser) == 401)
        for caller in [Caller.otherUser, .unknown, .remote] { #expect(status(host, at: .socket, from: caller, holding: .manage) == 403) }
        #expect(status(host, from: .unknown, policy: AccessPolicy(unknownNeedsKey: false)) == 200)
        #expect(status(host, from: .otherUser, policy: AccessPolicy(unknownNeedsKey: false)) == 401)
    }

    @Test("F5 a key is the same however it comes, and never comes by cookie") func oneWayForKeys() {
        func keys(_ fields: [(name: String, value: String)]) -> [String] { RequestHead(method: "GET", fields: fields).keys }
        #expect(keys([("Authorization", "Bearer hw-1")]) == ["hw-1"])
        #expect(keys([("authorization", "bearer   hw-1 ")]) == ["hw-1"])
        #expect(keys([("X-API-Key", "hw-1")]) == ["hw-1"])
        #expect(keys([("Cookie", "key=hw-1"), ("Authorization", "Basic hw-1"), ("Authorization", "hw-1"), ("x-api-key", "")]) == [])
        #expect(keys([("x-api-key", String(repeating: "k", count: 257))]) == [])
        #expect(keys((0..<99).map { (name: "x-api-key", value: "\($0)") }).count == 4)
    }

    @Test("F7 a body that is announced too long is refused before it comes") func longBodiesAreRefused() {
        let fields = [("Host", "localhost:8484"), ("Content-Type", "application/json")]
        #expect(status(fields + [("Content-Length", "1000")], Self.change) == 200)
        #expect(status(fields + [("Content-Length", "1001")], Self.change) == 413)
        #expect(status(fields + [("Content-Length", "107374182400")], Self.change) == 413)
    }
}
