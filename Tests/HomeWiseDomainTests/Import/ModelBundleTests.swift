// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import Testing

@Suite struct ModelBundleTests {
    static let digest = String(repeating: "a", count: 64)

    static func json(_ edit: (String) -> String = { $0 }) -> [UInt8] {
        Array(
            edit(
                """
                {"schema":1,"name":"tiny","tag":"q4_0","format":"gguf","source":"ollama:tiny:latest","license":"MIT","later":{"x":[1]},
                "files":[{"path":"tiny.gguf","role":"weights","size":5,"sha256":"\(digest)"},
                {"path":"sub/LICENSE","role":"support","size":3,"sha256":"\(digest)"}]}
                """
            ).utf8)
    }

    @Test func whatIsWrittenIsRead() throws {
        let bundle = try ModelBundle(json: Self.json())
        #expect(bundle.key == "tiny:q4_0" && bundle.size == 8 && bundle.license == "MIT" && bundle.format == .gguf)
        #expect(bundle.files.map(\.member.value) == ["model/tiny.gguf", "model/sub/LICENSE"])
        #expect(try ModelBundle(json: Array(bundle.json())) == bundle)
    }

    @Test(
        "A2 A11 what a description may not say",
        arguments: [
            ("\"schema\":1", "\"schema\":2"), ("\"name\":\"tiny\"", "\"name\":\"../tiny\""), ("\"tag\":\"q4_0\"", "\"tag\":null"),
            ("tiny.gguf", "../../etc/passwd"), ("tiny.gguf", "/etc/passwd"), ("tiny.gguf", "SUB/license"), (digest, "../../x"),
            ("\"size\":5", "\"size\":-1"),
            ("\"size\":5", "\"size\":9223372036854775807"), ("\"size\":5", "\"size\":1.5"),
            ("\"role\":\"weights\"", "\"role\":\"program\""),
            ("\"role\":\"weights\"", "\"role\":\"support\""), ("\"files\":[", "\"files\":[],\"others\":["),
            ("\"schema\":1", "\"schema\":1,\"schema\":1"),
        ])
    func refused(_ text: String, _ other: String) {
        #expect(throws: (any Error).self) {
            try ModelBundle(
                json: Self.json { json in json.firstRange(of: text).map { json.replacingCharacters(in: $0, with: other) } ?? json })
        }
    }

    @Test(
        "headers are what our own strict reader expects",
        arguments: [
            ("model/a.gguf", 5), ("model/" + String(repeating: "x", count: 150), 0), ("model/模型.gguf", 1 << 20), ("a", 9 << 30),
            ("a", 1 << 50),
        ] as [(String, Int64)])
    func headers(_ name: String, _ size: Int64) throws {
        var screen = TarScreen(archive: "test")
        let header = try TarWriter.header(SafePath(untrusted: name), size: size)
        #expect(header.count % 512 == 0)
        try header.withUnsafeBytes { try screen.consume($0) }
        screen.skip(screen.skippable)
        try TarWriter.end.withUnsafeBytes { try screen.consume($0) }
        #expect(try screen.finish() == [ArchiveEntry(name: name, size: size)])
    }
}
