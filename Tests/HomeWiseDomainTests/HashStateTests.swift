// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import Testing

struct HashStateTests {
    private func digest(_ bytes: [UInt8], stops: [Int] = []) throws -> String {
        var state = HashState()
        var start = 0
        for stop in stops + [bytes.count - bytes.count % 64] where stop > start {
            bytes[start..<stop].withUnsafeBytes { state.add($0) }
            start = stop
            // Put aside and taken up again.
            state = try JSONDecoder().decode(HashState.self, from: JSONEncoder().encode(state))
            #expect(state.isPlausible)
        }
        return bytes[start...].withUnsafeBytes { state.finish($0).hex }
    }

    @Test(
        "the examples of FIPS 180-4",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            (
                "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
                "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
            ),
        ])
    func examples(_ text: String, _ hex: String) throws { #expect(try digest(Array(text.utf8)) == hex) }

    @Test func whereItIsPutAsideMakesNoDifference() throws {
        let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 7) }
        let whole = try digest(bytes)
        for stop in stride(from: 64, to: 9_984, by: 832) { #expect(try digest(bytes, stops: [stop]) == whole) }
        #expect(try digest(bytes, stops: [64, 128, 6_400]) == whole)
        #expect(try digest(Array(bytes.dropLast())) != whole)
    }

    @Test(arguments: [
        #"{"words":[1],"length":0}"#, #"{"words":[1,2,3,4,5,6,7,8],"length":63}"#, #"{"words":[1,2,3,4,5,6,7,8],"length":-64}"#,
    ])
    func whatIsNoStateIsKnown(_ json: String) throws {
        #expect(try !JSONDecoder().decode(HashState.self, from: Data(json.utf8)).isPlausible)
    }
}
