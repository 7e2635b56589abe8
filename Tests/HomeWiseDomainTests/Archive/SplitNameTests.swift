// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Testing

@Suite struct SplitNameTests {
    @Test(arguments: [
        ("x.zip.001", "x.zip", 1), ("x.tar.gz.part-aa", "x.tar.gz", 0), ("x.tar.gz.part-ac", "x.tar.gz", 2),
        ("x.gguf-split-b", "x.gguf", 1),
        ("x.gguf.part2of3", "x.gguf", 2), ("x.part3", "x", 3), ("x.7z.0010", "x.7z", 10),
        ("my.part-time.gguf.part-a", "my.part-time.gguf", 0),
    ])
    func parts(_ name: String, _ base: String, _ number: Int) throws {
        let part = try #require(SplitName(name))
        #expect(part.base == base && part.number == number)
    }

    @Test(arguments: [
        "x.gguf", "x-00001-of-00003.gguf", "v1.1", "x.2024", "model.part-time.gguf", ".001", "x.part", "x.part-", "x.part-AA",
        "x.part-toolong",
        "", "x.001a",
    ])
    func others(_ name: String) {
        // Four digits may be a year: alone they are never joined.
        #expect(SplitName(name) == nil || SplitName.join([name]).joined.isEmpty)
    }

    @Test func lettersAreUsedUpAtSomeTime() throws {
        let one = try #require(SplitName("x.gguf-split-a"))
        #expect(one.name(of: 25) == "x.gguf-split-z" && one.name(of: 26) == nil && one.name(of: -1) == nil)
        let two = try #require(SplitName("x.gguf.part-aa"))
        #expect(two.name(of: 675) == "x.gguf.part-zz" && two.name(of: 676) == nil)
        #expect(try #require(SplitName("x.gguf.001")).name(of: 1000) == "x.gguf.1000")
    }

    @Test func joinsInOrderAndSaysWhatIsMissing() {
        let (joined, problems) = SplitName.join([
            "b.zip.002", "x", "b.zip.001", "c.part1of2", "d.part-ab", "e.001", "e.003", "b.zip.003", "f.part2of2", "f.part1of2",
        ])
        #expect(
            joined == [
                .init(name: "b.zip", parts: ["b.zip.001", "b.zip.002", "b.zip.003"]),
                .init(name: "f", parts: ["f.part1of2", "f.part2of2"]),
            ])
        #expect(
            problems.count == 3 && problems[0].hasPrefix("c ") && problems[1].hasPrefix("d ") && problems[2].contains("part 2 is missing"))
    }
}
