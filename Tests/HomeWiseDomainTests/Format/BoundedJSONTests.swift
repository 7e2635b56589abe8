// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Testing

@Suite struct BoundedJSONTests {
    private func read(_ text: String) throws -> BoundedJSON.Value { try BoundedJSON(Array(text.utf8)).root }

    @Test func readsEveryKindOfValue() throws {
        let root = try read(#" {"a": [1, -2, 18446744073709551615, 1.5, -0, 1e2], "b": {"c": null, "d": true, "e": false}, "f": "x"} "#)
        let numbers = try #require(root["a"]?.elements)
        #expect(numbers.map(\.integer) == [1, -2, nil, nil, nil, nil])
        #expect(numbers.map(\.unsigned) == [1, nil, .max, nil, nil, nil])
        #expect(numbers.map(\.double) == [1, -2, 18_446_744_073_709_551_616, 1.5, 0, 100])
        #expect(root["b"]?["c"]?.isNull == true)
        #expect(root["b"]?.members.map(\.value.bool) == [nil, true, false])
        #expect(root["f"]?.string == "x")
        #expect(root.members.map(\.name) == ["a", "b", "f"])
        #expect(root["b"]?["z"] == nil)
        #expect(root["f"]?["z"] == nil)
    }

    @Test func integersAreExactToTheLastDigit() throws {
        #expect(try read("9007199254740993").integer == 9_007_199_254_740_993)
        #expect(try read("-9223372036854775808").integer == .min)
        #expect(try read("18446744073709551616").unsigned == nil)
    }

    @Test func escapesAreResolved() throws {
        #expect(try read(#""\"\\\/\b\f\n\r\tA\u00e9\ud83d\ude00é😀""#).string == "\"\\/\u{8}\u{c}\n\r\tAé😀é😀")
        #expect(try read(#"{"\u0061": 1}"#)["a"]?.integer == 1)
    }

    @Test("G4 odd numbers neither trap nor pass") func oddNumbers() throws {
        for text in ["1e999", "-1e999", "01", "-", "1.", ".5", "+1", "1e", "0x1", "NaN", "Infinity", "1_0"] {
            #expect(throws: FormatFault.self, "\(text)") { try read(text) }
        }
        #expect(throws: FormatFault.self) { try read(String(repeating: "1", count: 1_000_000)) }
        #expect(try read("1.0000000000000000001").double == 1)
    }

    @Test(arguments: [
        "", " ", "{", "[", "[1", "[1,", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{1:2}", "{a:1}", "[1 2]", "1 2", "{}x", "]",
        "nul",
        "truex", "\"a", "\"\\x\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\\ud800x\"", "\"\u{1}\"", "\"\n\"",
        "'a'", "[1]]",
        "\u{FEFF}{}", "// c\n1",
    ])
    func refusesWhatIsNoJSON(_ text: String) { #expect(throws: FormatFault.self) { try read(text) } }

    @Test(
        "C6 invalid UTF-8 is refused",
        arguments: [
            [0xC0, 0xAF], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF8, 0x88], [0x80], [0xC3], [0xE2, 0x82],
            [0xF0, 0x9F, 0x98],
        ] as [[UInt8]])
    func invalidText(_ bytes: [UInt8]) {
        let quote = UInt8(ascii: "\"")
        #expect(throws: FormatFault.self) { try BoundedJSON([quote] + bytes + [quote]) }
    }

    @Test(
        "C6 a key that stands there twice is refused, however it is spelled",
        arguments: [
            #"{"a":1,"a":1}"#, #"{"a":1,"b":2,"\u0061":3}"#, #"{"\u0061":1,"\u0061":2}"#, #"[{"x":{"😀":1,"\ud83d\ude00":2}}]"#,
            #"{"":1,"":2}"#,
        ])
    func duplicateKeys(_ text: String) {
        let fault = #expect(throws: FormatFault.self) { try read(text) }
        #expect(fault?.kind == .duplicate)
    }

    @Test func keysThatOnlyLookAlikeAreTwo() throws {
        // Unicode calls these the same; the bytes, which other readers compare, are not.
        let root = try read("{\"K\": 1, \"\u{212A}\": 2, \"\u{E9}\": 3, \"e\u{301}\": 4}")
        #expect(root["K"]?.integer == 1)
        #expect(root["\u{212A}"]?.integer == 2)
        #expect(root["e\u{301}"]?.integer == 4)
    }

    @Test("C6 a depth of 100,000 costs nothing") func depth() throws {
        for text in [String(repeating: "[", count: 100_000), String(repeating: #"{"a":"#, count: 100_000)] {
            let fault = #expect(throws: FormatFault.self) { try read(text) }
            #expect(fault?.kind == .tooLarge)
        }
        let deepest = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        _ = try read(deepest)
        #expect(throws: FormatFault.self) { try read("[" + deepest + "]") }
    }

    @Test func limitsHold() {
        let limits = BoundedJSON.Limits(bytes: 10, depth: 2, values: 3)
        #expect(throws: FormatFault.self) { try BoundedJSON(Array("[1,2,3]".utf8), limits: limits) }
        #expect(throws: FormatFault.self) { try BoundedJSON(Array("\"12345678 \"".utf8), limits: limits) }
        #expect(throws: Never.self) { try BoundedJSON(Array("[1,[2]]".utf8), limits: .init(bytes: 10, depth: 2, values: 4)) }
    }
}
