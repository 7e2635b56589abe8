// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Testing

@Suite struct ProxySettingsTests {
    private func proxy(_ environment: [String: String], _ url: String) throws -> String? {
        try ProxySettings(environment: environment).proxy(for: WebAddress(url)).map {
            "\($0.kind) \($0.host):\($0.port) \($0.userInfo ?? "")"
        }
    }

    @Test("DL-40 the usual variables name the proxy") func variables() throws {
        #expect(try proxy([:], "https://h/") == nil)
        #expect(try proxy(["HTTPS_PROXY": "http://p:3128"], "https://h/") == "http p:3128 ")
        #expect(try proxy(["HTTPS_PROXY": "http://p:3128"], "http://h/") == nil)
        #expect(try proxy(["http_proxy": "p:8080/"], "http://h/") == "http p:8080 ")
        #expect(try proxy(["ALL_PROXY": "socks5h://[fd00::1]"], "https://h/") == "socks fd00::1:1080 ")
        #expect(try proxy(["ALL_PROXY": "http://me:a%40b@[fd00::1]"], "https://h/") == "http fd00::1:80 me:a@b")
        #expect(try proxy(["https_proxy": "http://small", "HTTPS_PROXY": "http://large"], "https://h/") == "http small:80 ")
        #expect(try proxy(["HTTPS_PROXY": "", "ALL_PROXY": "http://all"], "https://h/") == "http all:80 ")
        #expect(try proxy(["HTTP_PROXY": "http://p", "REQUEST_METHOD": "GET"], "http://h/") == nil)
    }

    @Test(
        "DL-40 NO_PROXY keeps hosts off it",
        arguments: [
            ("https://h.example/", "h.example", true), ("https://a.h.example/", "h.example", true),
            ("https://xh.example/", "h.example", false),
            ("https://a.h.example/", ".h.example", true), ("https://a.h.example/", "*.h.example", true), ("https://x/", "*", true),
            ("https://x:444/", "x:444", true), ("https://x/", "x:444", false), ("https://10.1.2.3/", "10.0.0.0/8", true),
            ("https://11.1.2.3/", "10.0.0.0/8", false), ("https://8.8.8.8/", "8.8.8.8", true), ("https://[fd00::1]/", "fd00::/8", true),
            ("https://[fd00::1]/", "[fd00::1]:443", true), ("https://x/", "a, b ,x", true), ("https://x/", "", false),
            ("https://x/", ".", false),
            ("https://X.Example/", "x.EXAMPLE", true), ("https://8.8.8.8/", "8.8.8.8/33", false), ("https://8.8.8.8/", "0.0.0.0/0", true),
        ])
    func exceptions(_ url: String, _ list: String, _ isKept: Bool) throws {
        #expect(try (proxy(["ALL_PROXY": "http://p", "NO_PROXY": list], url) == nil) == isKept)
    }

    @Test("DL-40 this machine is never reached through a proxy") func loopback() throws {
        for host in ["127.0.0.1:8080", "localhost", "a.localhost", "[::1]", "0.0.0.0", "[::ffff:127.0.0.1]"] {
            #expect(try proxy(["ALL_PROXY": "http://p", "HTTP_PROXY": "http://p"], "http://\(host)/") == nil)
        }
    }

    @Test(
        "DL-40 a proxy that is none is said, without its password",
        arguments: [
            "https://me:hush@p", "socks5://me:hush@p", "ftp://me:hush@p", "http://me:hush@", "http://a b", "http://me:hush@p:99999",
        ])
    func bad(_ text: String) {
        let failure = #expect(throws: Failure.self) { try proxy(["ALL_PROXY": text], "https://h/") }
        #expect(failure?.code == .badInput && failure?.message.contains("hush") == false)
    }
}
