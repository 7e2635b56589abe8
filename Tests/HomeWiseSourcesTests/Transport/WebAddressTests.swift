// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import Testing

/// Reads every spelling as one thing or as nothing.
@Suite struct WebAddressTests {
    @Test(arguments: [
        ("https://hub.example", "https://hub.example/"),
        ("HTTPS://Hub.Example:443/a?b=c#d", "https://hub.example/a?b=c"),
        ("http://hub.example.:8080/a/./b/../c", "http://hub.example:8080/a/c"),
        ("http://hub.example:/x", "http://hub.example/x"),
        ("http://127.0.0.1:80/", "http://127.0.0.1/"),
        ("http://[::FFFF:7f00:1]:81/x", "http://[::ffff:7f00:1]:81/x"),
        ("http://[0:0:0:0:0:0:0:1]/", "http://[::1]/"),
        ("https://h/a b\"c<d>|e", "https://h/a%20b%22c%3Cd%3E%7Ce"),
        ("https://h/ä", "https://h/%C3%A4"),
        ("https://h/a%2Fb%zz%4", "https://h/a%2Fb%25zz%254"),
        ("https://h?X-Amz-Signature=a%2Bb/c~d", "https://h/?X-Amz-Signature=a%2Bb/c~d"),
        ("https://a_b.example/%2e%2E/../x/..", "https://a_b.example/"),
    ])
    func oneForm(_ text: String, _ form: String) throws {
        let address = try WebAddress(text)
        #expect("\(address)" == form)
        // What is sent to the library's parser means the same to it.
        let url = try #require(URL(string: form))
        #expect(url.absoluteString == form && url.host.map { $0.trimmingCharacters(in: .init(charactersIn: "[]")) } == address.host.bare)
        #expect(try WebAddress(form) == address)
    }

    @Test(
        "G3 E4 what parsers read differently is refused",
        arguments: [
            "", "hub.example", "//hub.example/", "http:", "http:/hub.example", "http:///x", "http://", "ftp://h/", "file:///etc/passwd",
            "javascript:alert(1)", "http://a@b/", "http://a:b@c/", "http://@h/", "http://h\\@evil/", "http:\\\\h/", "http://h/\\x",
            "http://h%2Fx/", "http://%31%32%37.0.0.1/", "http://h:0/", "http://h:65536/", "http://h:-1/", "http://h:8o/", "http://h:1:2/",
            "http://[::1", "http://[::1]x/", "http://[127.0.0.1]/", "http://[fe80::1%25eth0]/", "http://[1:2:3:4:5:6:7:8:9]/",
            "http://[::1::]/", "http://[12345::]/", "http://::1/", "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/",
            "http://127.1/", "http://127.0.1/", "http://0/", "http://00.0.0.0/", "http://256.1.1.1/", "http://1.2.3.4.5/",
            "http://127.0.0.0x1/", "http://1.2.3.08/", "http://a..b/", "http://.a/", "http://-a/", "http://a-/", "http://a b/",
            "http://h/\r\nHost: x", "http://h/\u{0}", "http://h\t/", "http://h/\u{7f}", "http://１２７.0.0.1/", "http://127。0。0。1/",
            "http://ⓔxample/", "http://\u{212a}.example/", "http://exämple/", "http://a,b/", "http://a$b/", "http://a*b/",
        ])
    func refused(_ text: String) { #expect(throws: WebAddress.Fault.self) { try WebAddress(text) } }

    @Test("E4 what is accepted means the same to the library's parser") func noDifference() throws {
        var random = Seeded(state: 4)
        let pieces = [
            "http://", "https://", "h", "hub.example", "127.0.0.1", "[::1]", "%2F", "%", "/", "//", "..", ".", "?", "#", "&", "=", ":", "@",
            "80", "8080",
            "\\", "a", "b", " ", "[", "]", "é", "\"", "|", "~", "x%41", ";", ",", "'", "*", "localhost", "\u{0}", "^", "{", "`", "0x1", "1",
            "-", "_",
        ]
        var accepted = 0
        for _ in 0..<30_000 {
            let middle = (0..<Int.random(in: 0...8, using: &random)).map { _ in pieces[Int.random(in: 0..<pieces.count, using: &random)] }
            guard let address = try? WebAddress(["http://", "https://"][Int.random(in: 0...1, using: &random)] + middle.joined()) else {
                continue
            }
            accepted += 1
            let parts = try #require(URLComponents(string: "\(address)"), "\(address)")
            let url = try #require(URL(string: "\(address)"), "\(address)")
            #expect(
                url.absoluteString == "\(address)" && parts.scheme == address.scheme.rawValue && parts.user == nil && parts.fragment == nil)
            #expect(
                parts.encodedHost == address.host.description && (parts.port ?? address.scheme.standardPort) == address.port, "\(address)")
            #expect(parts.percentEncodedPath == address.path && parts.percentEncodedQuery == address.query, "\(address)")
            #expect(try WebAddress("\(address)") == address, "\(address)")
        }
        #expect(accepted > 2_000, "\(accepted)")
    }

    @Test(arguments: [
        ("/x", "https://h/x"), ("y", "https://h/a/y"), ("../y?z", "https://h/y?z"), ("?q", "https://h/a/b?q"),
        ("//k/x", "https://k/x"), ("http://k", "http://k/"), ("./", "https://h/a/"), ("../../../x", "https://h/x"), ("c:d", nil),
        ("e/c:d", "https://h/a/e/c:d"), ("", nil), ("#f", nil), ("/\\x", nil), ("//a@b/", nil), ("http:x", nil), ("\r\n/x", nil),
    ])
    func references(_ reference: String, _ form: String?) throws {
        let base = try WebAddress("https://h/a/b?secret")
        #expect((try? base.resolving(reference)).map { "\($0)" } == form)
    }

    @Test("E2 what is shown holds no query, name or password") func shown() throws {
        #expect(try WebAddress("https://h/a?token=hush").shown == "https://h/a")
        #expect(WebAddress.redacted("https://me:hush@h/a?b") == "https://h/a")
        #expect(WebAddress.redacted("https://me:hu@sh@h\\/a?b") == "https://h\\/a")
        #expect(WebAddress.redacted("nothing?token=hush") == "nothing")
        let (address, userInfo) = try WebAddress.configured("https://me:hush@h:444/a")
        #expect("\(address)" == "https://h:444/a" && userInfo == "me:hush")
    }

    @Test func addressesHaveOneText() throws {
        for (text, form) in [
            ("::", "::"), ("1::", "1::"), ("::1:0:0:2", "::1:0:0:2"), ("1:0:0:2:0:0:0:3", "1:0:0:2::3"), ("::127.0.0.1", "::7f00:1"),
            ("2001:DB8::a", "2001:db8::a"), ("1.2.3.4", "1.2.3.4"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
            ("1:2:3:4:5:6::", "1:2:3:4:5:6::"),
        ] {
            #expect(HostAddress(text)?.description == form)
        }
        for text in [
            "", "1", ":", ":::", "1:2", "1.2.3", "1.2.3.4.", "01.2.3.4", "+1.2.3.4", "1:2:3:4:5:6:7::8:9", "::1.2.3", "::g", "::1%lo",
        ] {
            #expect(HostAddress(text) == nil, "\(text)")
        }
    }
}
