// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Synchronization
import Testing

/// `pull`, `list`, `verify`, `rm`, `prune` and `df` from the real binary, against a server on loopback.
@Suite(.temporaryFolder) struct KeepTests {
    static let bytes = soundModel(3_000_000, seed: 21)

    func program(_ url: String, _ extra: [String: String] = [:]) throws -> Program {
        let registry = TemporaryFolder.path + "/registry.json"
        try Data(
            #"{"models": [{"name": "tiny", "type": "gguf", "size": "3MB", "tier": "Compact", "variants": [{"quantization": "Q4", "size": 3000000, "sources": ["\#(url)/tiny.gguf"]}]}, {"name": "other", "type": "gguf", "size": "3MB", "tier": "Compact", "variants": [{"quantization": "Q4", "size": 3000000, "sources": ["\#(url)/other.gguf"]}]}]}"#
                .utf8
        ).write(to: URL(filePath: registry))
        return Program(home: TemporaryFolder.path + "/home", ["HOMEWISE_REGISTRY": registry].merging(extra) { $1 })
    }

    func server() async throws -> LoopbackServer {
        try await LoopbackServer.start { .file($0.path == "/other.gguf" ? soundModel(3_000_000, seed: 22) : Self.bytes, for: $0) }
    }

    func blob() throws -> String {
        let folder = TemporaryFolder.path + "/home/blobs/sha256"
        let path = try FileManager.default.subpathsOfDirectory(atPath: folder).first { $0.contains("/") }
        return folder + "/" + (path ?? "")
    }

    @Test("DL-50 from a pull over damage to a repair, as a person sees it") func life() async throws {
        let server = try await server()
        let program = try program(server.url)
        #expect(try await program.run("pull", "tiny").code == 0)
        #expect(try await program.run("list").output.contains("never used"))
        let sound = try await program.run("verify", "--all")
        #expect(sound.code == 0 && sound.output.hasPrefix("sound") && sound.output.contains("tiny:q4"))
        chmod(try blob(), 0o644)
        try FileHandle(forUpdating: URL(filePath: blob())).write(contentsOf: Data([1, 2, 3]))
        let bad = try await program.run("verify", "tiny")
        #expect(bad.code == 65 && bad.output.hasPrefix("damaged") && bad.story.contains("--repair"))
        #expect(try await program.run("list").output.contains("DAMAGED"))
        let mended = try await program.run("verify", "tiny", "--repair")
        #expect(mended.code == 0 && mended.output.hasPrefix("repaired"), "\(mended.story)")
        #expect(try await program.run("verify", "tiny", "--json").output.contains(#""state" : "sound""#))
        #expect(try await program.run("verify").code == 64)
        try await server.stop()
    }

    @Test("a scrub reads what was not read for long, says what it found, and goes on where it stopped") func scrub() async throws {
        let server = try await server()
        let program = try program(server.url)
        #expect(try await program.run("pull", "tiny", "other").code == 0)
        #expect(try await program.run("verify", "--scrub").story.contains("Nothing was due"))
        #expect(try await program.run("verify", "--scrub", "--all").code == 64)
        #expect(try await program.run("verify", "--all", "--for", "1m").code == 64)
        #expect(try await program.run("verify", "--scrub", "--for", "soon").code == 64)
        let cut = try await program.run("verify", "--scrub", "--older", "0s", "--for", "0s")
        #expect(cut.code == 0 && cut.story.contains("goes on there"), "\(cut.story)")
        let all = try await program.run("verify", "--scrub", "--older", "0s", "--json")
        #expect(all.code == 0 && all.output.contains(#""checked" : 2"#) && all.output.contains(#""remaining" : 0"#), "\(all.output)")
        let path = try blob()
        chmod(path, 0o644)
        try FileHandle(forUpdating: URL(filePath: path)).write(contentsOf: Data([1, 2, 3]))
        let bad = try await program.run("verify", "--scrub", "--older", "0s")
        #expect(bad.code == 65 && bad.output.hasPrefix("damaged") && bad.story.contains("--repair"), "\(bad.story)")
        #expect(try await program.run("list").output.contains("DAMAGED"))
        let mended = try await program.run("verify", "--scrub", "--older", "0s", "--repair")
        #expect(mended.code == 0 && mended.output.contains("repaired"), "\(mended.story) \(mended.output)")
        try await server.stop()
    }

    @Test("models in an archive of the web, whole or cut, are fetched and taken in, and not fetched twice") func webArchives() async throws
    {
        let folder = TemporaryFolder.path + "/web"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(Self.bytes).write(to: URL(filePath: folder + "/Nice-Q4_0.gguf"))
        let server = try await LoopbackServer.start { request in
            FileManager.default.contents(atPath: folder + request.path).map { .file([UInt8]($0), for: request) }
                ?? LoopbackServer.Reply(404)
        }
        let program = try program(server.url)
        let pack = """
            cd '\(folder)' && tar -cf m.tar Nice-Q4_0.gguf && python3 -c "import zipfile; zipfile.ZipFile('m.zip', 'w').write('Nice-Q4_0.gguf')" \
            && split -b 1000000 -d -a 3 --numeric-suffixes=1 m.zip m.zip. && split -b 1000000 -a 2 m.tar m.tar.part- && gzip -k m.tar
            """
        try #require(try await program.shell(pack).code == 0)
        for name in ["m.zip.001", "m.tar.part-aa", "m.tar.gz"] {
            let pulled = try await program.run("pull", "\(server.url)/\(name)")
            try #require(pulled.code == 0, "\(name): \(pulled.story)")
            #expect(try await program.run("list").output.contains("nice"))
            let asked = server.requests.count
            #expect(try await program.run("pull", "\(server.url)/\(name)").code == 0)
            #expect(server.requests.count == asked, "what is here is asked of nobody")
            #expect(try FileManager.default.contentsOfDirectory(atPath: TemporaryFolder.path + "/home/partial").isEmpty)
            #expect(try await program.run("rm", "nice", "--yes").code == 0)
        }
        #expect(try await program.run("pull", folder + "/m.zip.001", "--keep-compressed").code == 0)
        #expect(try await program.run("list").output.contains("archive kept"))
        try await server.stop()
    }

    @Test("a model file that was cut is pulled from the web and from a folder") func cutFiles() async throws {
        let folder = TemporaryFolder.path + "/web"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for number in 1...3 {
            try Data(Self.bytes[(number - 1) * 1_000_000..<number * 1_000_000]).write(
                to: URL(filePath: folder + "/Cut-Q4_0.gguf.part\(number)of3"))
        }
        let server = try await LoopbackServer.start { request in
            FileManager.default.contents(atPath: folder + request.path).map { .file([UInt8]($0), for: request) }
                ?? LoopbackServer.Reply(404)
        }
        let program = try program(server.url)
        for place in ["\(server.url)/Cut-Q4_0.gguf.part1of3", folder + "/Cut-Q4_0.gguf.part2of3"] {
            let pulled = try await program.run("pull", place)
            try #require(pulled.code == 0, "\(pulled.story)")
            #expect(FileManager.default.contents(atPath: try blob()) == Data(Self.bytes))
            let name = try await program.run("list").output.split(separator: " ").first.map(String.init) ?? ""
            #expect(try await program.run("rm", name, "--yes").code == 0)
        }
        try await server.stop()
    }

    @Test("DL-51 killed between the parts of a file, a pull goes on with the next one", .timeLimit(.minutes(2))) func killedInParts()
        async throws
    {
        let isBroken = Mutex(true)
        let server = try await LoopbackServer.start { request in
            guard let number = (1...3).first(where: { request.path == "/Cut-Q4_0.gguf.part\($0)of3" }) else {
                return LoopbackServer.Reply(404)
            }
            if number == 3, request.header("Range") != "bytes=0-0", isBroken.withLock({ $0 }) { return LoopbackServer.Reply(503) }
            return .file(Array(Self.bytes[(number - 1) * 1_000_000..<number * 1_000_000]), for: request)
        }
        let asked = { (number: Int) in
            server.requests.count { $0.path == "/Cut-Q4_0.gguf.part\(number)of3" && $0.header("Range") != "bytes=0-0" }
        }
        let program = try program(server.url)
        let address = server.url + "/Cut-Q4_0.gguf.part1of3"
        try await program.started([Products.homewise, "pull", address], story: TemporaryFolder.path + "/story") { process in
            for _ in 0..<600 where asked(3) == 0 { try await Task.sleep(for: .milliseconds(50)) }
            try #require(asked(3) > 0, "\(text(of: TemporaryFolder.path + "/story"))")
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        let list = try await program.run("list").output
        #expect(list.contains("100 % of Cut-Q4_0.gguf.part1of3 here"), "\(list)")
        let before = (asked(1), asked(2))
        isBroken.withLock { $0 = false }
        let pulled = try await program.run("pull", address)
        try #require(pulled.code == 0, "\(pulled.story)")
        // The header, at the beginning of the first part, is looked at before every pull of an address.
        #expect(asked(1) == before.0 + 1 && asked(2) == before.1, "nothing that was proven is fetched twice")
        #expect(FileManager.default.contents(atPath: try blob()) == Data(Self.bytes))
        #expect(try FileManager.default.contentsOfDirectory(atPath: TemporaryFolder.path + "/home/partial").isEmpty)
        try await server.stop()
    }

    @Test("nothing is removed unasked where nobody can be asked") func asking() async throws {
        let server = try await server()
        let program = try program(server.url)
        #expect(try await program.run("pull", "tiny").code == 0)
        let unasked = try await program.run("rm", "tiny")
        #expect(unasked.code == 64 && unasked.story.contains("frees 3.0 MB") && unasked.story.contains("--yes"))
        let trial = try await program.run("rm", "tiny", "--dry-run", "--json")
        #expect(trial.code == 0 && trial.output.contains(#""frees" : 3000000"#) && trial.story.contains("Nothing was changed"))
        #expect(try await program.run("list").output.contains("tiny"))
        #expect(try await program.run("rm", "tiny", "--yes", "--keep-files").code == 0)
        #expect(try await program.run("list").output.isEmpty)
        #expect(try await program.run("df").output.contains("orphans"))
        let prune = try await program.run("prune")
        #expect(prune.code == 64 && prune.story.contains("orphan") && prune.story.contains("3.0 MB"))
        #expect(try await program.run("prune", "--older", "30d", "--yes").story.contains("nothing to prune"))
        #expect(try await program.run("prune", "--older", "soon").code == 64)
        #expect(try await program.run("prune", "--yes").code == 0)
        #expect(
            try FileManager.default.subpathsOfDirectory(atPath: TemporaryFolder.path + "/home/blobs").filter { $0.hasSuffix("lock") }
                .isEmpty)
        #expect(try await program.run("rm", "tiny", "--yes").code == 66)
        try await server.stop()
    }
}
