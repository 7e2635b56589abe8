// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

/// `homewise import` and `homewise export`, with the real binary.
@Suite(.temporaryFolder, .timeLimit(.minutes(5))) struct ImportExportTests {
    private var person: String { TemporaryFolder.path + "/person" }

    private func program(_ home: String = "home") -> Program {
        Program(
            home: "\(TemporaryFolder.path)/\(home)",
            [
                "HOME": person, "XDG_CACHE_HOME": person + "/.cache", "HF_ENDPOINT": "http://127.0.0.1:1", "OLLAMA_MODELS": "",
                "LLAMA_CACHE": "",
            ])
    }

    private func place(_ path: String, mark: String) throws {
        var draft = GGUFDraft()
        draft.metadata = [("general.architecture", .text("llama")), ("general.description", .text(mark))]
        let url = URL(filePath: "\(person)/\(path)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(draft.header().bytes).write(to: url)
    }

    private func json(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    @Test func scanDryRunImportExportAndImportElsewhere() async throws {
        try place(".lmstudio/models/maker/Nice-GGUF/Nice-Q4_K_M.gguf", mark: "a")
        try place(".cache/llama.cpp/Other-Q8_0.gguf", mark: "b")
        try Data("<html>".utf8).write(to: URL(filePath: person + "/.cache/llama.cpp/web-Q4_0.gguf"))

        let dry = try await program().run("import", "--scan", "--dry-run", "--json")
        try #require(dry.code == 0, "\(dry.story)")
        let seen = try json(dry.output)
        #expect((seen["found"] as? [Any])?.count == 2 && (seen["imported"] as? [Any])?.isEmpty == true)
        #expect((seen["problems"] as? [Any])?.count == 1 && seen["dryRun"] as? Bool == true)
        #expect(try await program().run("list").output.isEmpty)

        // Nobody is here to be asked.
        #expect(try await program().run("import", "--scan").code == 64)
        let done = try await program().run("import", "--scan", "--yes", "--json")
        try #require(done.code == 0, "\(done.story)")
        #expect((try json(done.output)["imported"] as? [Any])?.count == 2)
        let list = try await program().run("list").output
        #expect(list.contains("nice") && list.contains("other"))
        #expect(FileManager.default.fileExists(atPath: person + "/.lmstudio/models/maker/Nice-GGUF/Nice-Q4_K_M.gguf"))
        // What is here already is not taken in again.
        let again = try await program().run("import", "--scan", "--yes")
        #expect(again.code == 0 && again.story.contains("already"))

        let file = TemporaryFolder.path + "/nice.tar"
        let exported = try await program().run("export", "nice", file, "--json")
        try #require(exported.code == 0, "\(exported.story)")
        #expect(try json(exported.output)["name"] as? String == "nice")
        #expect(try await program().run("export", "nice", file).code == 64)
        #expect(try await program().run("export", "nice", file, "--force").code == 0)
        #expect(try await program().run("export", "nothing", file + "2").code != 0)

        let there = try await program("other").run("import", file)
        try #require(there.code == 0, "\(there.story)")
        #expect(try await program("other").run("list").output.contains("nice"))
        let shown = try await program("other").run("show", "nice", "--json")
        #expect(shown.code == 0, "\(shown.story)")
    }

    @Test func oneFileOneFolderAndWhatIsNone() async throws {
        try place("models/a/model-Q4_0.gguf", mark: "a")
        try place("models/b-Q8_0.gguf", mark: "b")
        let folder = try await program().run("import", person + "/models", "--copy")
        try #require(folder.code == 0, "\(folder.story)")
        let list = try await program().run("list").output
        #expect(list.contains("b ") && list.contains("a "))
        #expect(try await program().run("import", person + "/nothing").code != 0)
        #expect(try await program().run("import").code == 64)
        #expect(try await program().run("import", person, "--copy", "--move").code == 64)
        // A move is asked for, or said yes to.
        #expect(try await program("other").run("import", person + "/models/b-Q8_0.gguf", "--move").code == 64)
        #expect(try await program("other").run("import", person + "/models/b-Q8_0.gguf", "--move", "--yes").code == 0)
        #expect(!FileManager.default.fileExists(atPath: person + "/models/b-Q8_0.gguf"))
    }

    @Test("A5 an archive is looked into and taken in, and a hostile one is not") func archives() async throws {
        try place("models/Some-Q4_0.gguf", mark: "a")
        let pack = "cd '\(person)' && tar -czf good.tgz models && ln -s /etc models/link && tar -czf bad.tgz models"
        try #require(try await program().shell(pack).code == 0)
        let looked = try await program().run("import", person + "/good.tgz", "--dry-run")
        #expect(looked.code == 0 && looked.story.contains("Some-Q4_0.gguf"))
        #expect(try await program().run("list").output.isEmpty)
        #expect(try await program().run("import", person + "/bad.tgz").code == 65)
        #expect(try await program().run("list").output.isEmpty)
        let taken = try await program().run("import", person + "/good.tgz", "--json")
        try #require(taken.code == 0, "\(taken.story)")
        #expect((try json(taken.output)["imported"] as? [Any])?.count == 1)
        #expect(try await program().run("verify", "--all").code == 0)
    }

    @Test("a wish that an archive or a bundle cannot fulfil is refused, and a move takes the file away") func wishes() async throws {
        try place("models/Some-Q4_0.gguf", mark: "a")
        try #require(try await program().shell("cd '\(person)' && tar -czf good.tgz models").code == 0)
        #expect(try await program().run("import", person + "/models/Some-Q4_0.gguf").code == 0)
        let bundle = TemporaryFolder.path + "/some.tar"
        #expect(try await program().run("export", "some", bundle).code == 0)
        for file in [person + "/good.tgz", bundle] {
            for wish in ["--link", "--reflink", "--in-place"] {
                let refused = try await program("other").run("import", file, wish)
                #expect(refused.code == 64 && refused.story.contains(wish) && refused.story.contains("unpacked"), "\(refused.story)")
            }
            #expect(try await program("other").run("list").output.isEmpty)
            // Nobody is here to be asked.
            #expect(try await program("other").run("import", file, "--move").code == 64)
            #expect(FileManager.default.fileExists(atPath: file))
            let moved = try await program("other").run("import", file, "--move", "--yes")
            #expect(moved.code == 0 && !FileManager.default.fileExists(atPath: file), "\(moved.story)")
            #expect(try await program("other").run("rm", "some", "--yes").code == 0)
        }
        // This disk may be able to share blocks or not: it does, or it says that it cannot and takes nothing.
        let shared = try await program("other").run("import", person + "/models/Some-Q4_0.gguf", "--reflink")
        #expect(shared.code == 0 || shared.story.contains("cannot share blocks"), "\(shared.story)")
        #expect(try await program("other").run("list").output.isEmpty == (shared.code != 0))
        #expect(try FileManager.default.contentsOfDirectory(atPath: TemporaryFolder.path + "/other/partial").isEmpty)
    }

    @Test("archives are kept as the environment or a flag says") func kept() async throws {
        try place("models/Some-Q4_0.gguf", mark: "a")
        try #require(try await program().shell("cd '\(person)' && tar -czf good.tgz models").code == 0)
        var keeping = program()
        keeping.environment["HOMEWISE_DOWNLOAD_KEEP_COMPRESSED"] = "perhaps"
        #expect(try await keeping.run("list").code == 64)
        keeping.environment["HOMEWISE_DOWNLOAD_KEEP_COMPRESSED"] = "true"
        #expect(try await keeping.run("import", person + "/good.tgz", "--copy").code == 0)
        #expect(try await keeping.run("list").output.contains("archive kept"))
        #expect(try await keeping.run("df").output.contains("archives"))
        #expect(try await keeping.run("verify", "--all").output.contains("archives/good.tgz"))
        #expect(try await keeping.run("rm", "some", "--yes").code == 0)
        #expect(try await keeping.run("import", person + "/good.tgz", "--no-keep-compressed").code == 0)
        #expect(try await !keeping.run("list").output.contains("archive kept"))
    }

    @Test("an image of docker save's old layout is taken in") func image() async throws {
        try place("layer/models/Tiny-Q4_0.gguf", mark: "a")
        let pack = """
            cd '\(person)' && mkdir -p image/abc && ln -s sh layer/bash && tar -cf image/abc/layer.tar -C layer . && cd image \
            && ln -s ../abc/layer.tar legacy && echo '{}' > c.json \
            && echo '[{"Config":"c.json","RepoTags":["ai/tiny:latest"],"Layers":["abc/layer.tar"]}]' > manifest.json && tar -cf ../image.tar .
            """
        try #require(try await program().shell(pack).code == 0)
        let taken = try await program().run("import", person + "/image.tar", "--json")
        try #require(taken.code == 0, "\(taken.story)")
        #expect((try json(taken.output)["imported"] as? [Any])?.count == 1)
        #expect(try await program().run("list").output.contains("tiny"))
    }

    @Test func anExportToAFullDiskLeavesNothing() async throws {
        try place("b-Q8_0.gguf", mark: String(repeating: "b", count: 200_000))
        #expect(try await program().run("import", person + "/b-Q8_0.gguf").code == 0)
        let result = try await program().shell("ulimit -f 100; $homewise export b '\(TemporaryFolder.path)/b.tar'")
        #expect(result.code == 73, "\(result.story)")
        let names = try FileManager.default.contentsOfDirectory(atPath: TemporaryFolder.path)
        #expect(!names.contains { $0.hasPrefix("b.tar") })
    }
}
