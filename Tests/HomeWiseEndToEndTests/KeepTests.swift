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

    private func program(_ url: String, _ extra: [String: String] = [:]) throws -> Program {
        let registry = TemporaryFolder.path + "/registry.json"
        try Data(
            #"{"models": [{"name": "tiny", "type": "gguf", "size": "3MB", "tier": "Compact", "variants": [{"quantization": "Q4", "size": 3000000, "sources": ["\#(url)/tiny.gguf"]}]}, {"name": "other", "type": "gguf", "size": "3MB", "tier": "Compact", "variants": [{"quantization": "Q4", "size": 3000000, "sources": ["\#(url)/other.gguf"]}]}]}"#
                .utf8
        ).write(to: URL(filePath: registry))
        return Program(home: TemporaryFolder.path + "/home", ["HOMEWISE_REGISTRY": registry].merging(extra) { $1 })
    }

    private func server() async throws -> LoopbackServer {
        try await LoopbackServer.start { .file($0.path == "/other.gguf" ? soundModel(3_000_000, seed: 22) : Self.bytes, for: $0) }
    }

    private func blob() throws -> String {
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

    @Test("DL-57 DL-56 two programs on a disk whose locks do nothing fetch a model once", .timeLimit(.minutes(3))) func noLocks()
        async throws
    {
        let shim = TemporaryFolder.path + "/shim.so"
        try Data("int flock(int fd, int op) { (void)fd; (void)op; return 0; }\n".utf8).write(
            to: URL(filePath: TemporaryFolder.path + "/shim.c"))
        let server = try await server()
        let program = try program(server.url)
        let compiled = try await program.shell(
            "cc -shared -fPIC -o \(shim) \(TemporaryFolder.path)/shim.c || clang -shared -fPIC -o \(shim) \(TemporaryFolder.path)/shim.c")
        try #require(compiled.code == 0, "\(compiled.story)")
        let crippled = try self.program(server.url, ["LD_PRELOAD": shim])
        async let first = crippled.run("pull", "tiny")
        async let second = crippled.run("pull", "tiny")
        let outcomes = try await [first, second]
        #expect(outcomes.allSatisfy { $0.code == 0 }, "\(outcomes.map(\.story))")
        #expect(outcomes.allSatisfy { $0.story.contains("no working locks") })
        #expect(try await program.run("verify", "--all").code == 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: TemporaryFolder.path + "/home/partial").isEmpty)
        try await server.stop()
    }

    @Test("DL-63 DL-62 a person is told that the inventory was lost, and goes on", .timeLimit(.minutes(2))) func lostInventory()
        async throws
    {
        let server = try await server()
        let program = try program(server.url)
        #expect(try await program.run("pull", "tiny").code == 0)
        try Data(noise(50_000)).write(to: URL(filePath: TemporaryFolder.path + "/home/inventory.sqlite"))
        let list = try await program.run("list")
        #expect(list.code == 0 && list.output.contains("tiny") && list.story.contains("found again"))
        #expect(try await program.run("list").story.isEmpty)
        let prune = try await program.run("prune", "--dry-run")
        #expect(prune.code == 0 && prune.story.contains("damaged") && prune.story.contains("inventory.sqlite.damaged-"))
        try Data(repeating: 0, count: 0).write(to: URL(filePath: TemporaryFolder.path + "/home/manifests/tiny/q4.json"))
        #expect(try await program.run("verify", "--all").code == 0)
        #expect(text(of: TemporaryFolder.path + "/home/manifests/tiny/q4.json").contains("tiny"), "verify writes it again")
        try await server.stop()
    }

    @Test("DL-56 four programs at once fetch a model once", .timeLimit(.minutes(2))) func together() async throws {
        let server = try await server()
        let program = try program(server.url)
        async let first = program.run("pull", "tiny")
        async let second = program.run("pull", "tiny")
        async let third = program.run("pull", "tiny")
        async let fourth = program.run("pull", "tiny")
        let outcomes = try await [first, second, third, fourth]
        #expect(outcomes.allSatisfy { $0.code == 0 }, "\(outcomes.map(\.story))")
        // Each asks what there is, for its size and for checksums beside it; one fetches.
        let fetches = server.requests.filter { $0.path == "/tiny.gguf" && $0.header("Range").map { $0 != "bytes=0-0" } ?? false }
        #expect(fetches.count == 1, "\(server.requests.map { "\($0.method) \($0.path) \($0.header("Range") ?? "")" })")
        #expect(try StoreInvariants.check(home: TemporaryFolder.path + "/home") == [])
        try await server.stop()
    }

    @Test("DL-48 a file whose flush failed is not trusted again, whatever memory holds of it") func failedFlush() async throws {
        let shim = TemporaryFolder.path + "/shim"
        let source =
            """
            #define _GNU_SOURCE
            #include <errno.h>
            #include <stdio.h>
            #include <string.h>
            #include <unistd.h>
            #include <sys/syscall.h>
            int fsync(int fd) {
                char link[64], path[4096];
                snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
                ssize_t n = readlink(link, path, sizeof path - 1);
                if (n > 0) { path[n] = 0; if (strstr(path, "/partial/")) { errno = EIO; return -1; } }
                return syscall(SYS_fsync, fd);
            }
            """
        try Data(source.utf8).write(to: URL(filePath: shim + ".c"))
        let server = try await server()
        let program = try program(server.url)
        let compiled = try await program.shell("cc -shared -fPIC -o \(shim).so \(shim).c || clang -shared -fPIC -o \(shim).so \(shim).c")
        try #require(compiled.code == 0, "\(compiled.story)")
        let failed = try await self.program(server.url, ["LD_PRELOAD": shim + ".so"]).run("pull", "tiny")
        #expect(failed.code == 73 && failed.story.contains("Input/output error"), "\(failed.story)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: TemporaryFolder.path + "/home/partial").isEmpty)
        #expect(try await program.run("pull", "tiny").code == 0)
        #expect(try StoreInvariants.check(home: TemporaryFolder.path + "/home") == [])
        try await server.stop()
    }

    @Test("DL-45 DL-43 I7 on a disk without a free byte what is here is listed, verified and removed") func fullDisk() async throws {
        let server = try await server()
        let program = try program(server.url)
        let home = TemporaryFolder.path + "/home"
        let outcome = try await program.shell(
            """
            mkdir -p \(home) && exec unshare -m sh -ec '
            mount --make-rprivate / && mount -t tmpfs -o size=400m tmpfs \(home)
            "'"$homewise"'" pull tiny >&2
            dd if=/dev/zero of=\(home)/filler bs=1M 2>/dev/null || true
            dd if=/dev/zero of=\(home)/filler2 bs=1 count=4096 2>/dev/null || true
            "'"$homewise"'" list
            "'"$homewise"'" verify --all || echo "verify: $?"
            rm -f \(home)/inventory.sqlite.spare
            dd if=/dev/zero of=\(home)/filler3 bs=4k 2>/dev/null || true
            "'"$homewise"'" list
            "'"$homewise"'" rm tiny --dry-run >&2
            "'"$homewise"'" pull tiny >&2 && echo here
            rm \(home)/filler \(home)/filler2 \(home)/filler3
            "'"$homewise"'" rm tiny --yes >&2
            "'"$homewise"'" list
            "'"$homewise"'" pull tiny >&2 && "'"$homewise"'" verify --all
            '
            """)
        #expect(outcome.code == 0, "\(outcome.output)\n\(outcome.story)")
        #expect(outcome.output.contains("tiny") && outcome.output.contains("here"))
        #expect(outcome.output.split(separator: "\n").last?.hasPrefix("sound") == true, "\(outcome.output)\n\(outcome.story)")
        try await server.stop()
    }

    @Test("DL-66 a store whose disk is unmounted is away, and no new one appears on the mount point") func unmounted() async throws {
        let server = try await server()
        let disk = TemporaryFolder.path + "/disk"
        var program = try program(server.url)
        program.environment["HOMEWISE_HOME"] = disk + "/home"
        let outcome = try await program.shell(
            """
            mkdir -p \(disk) && exec unshare -m sh -ec '
            mount --make-rprivate / && mount -t tmpfs -o size=400m tmpfs \(disk)
            "'"$homewise"'" pull tiny >&2
            umount \(disk)
            "'"$homewise"'" list || echo "list: $?"
            ls -A \(disk) | wc -l
            '
            """)
        #expect(outcome.output == "list: 73\n0\n", "\(outcome.output)\n\(outcome.story)")
        #expect(outcome.story.contains("its disk is not mounted"))
        try await server.stop()
    }

    @Test("DL-51 DL-52 I1 I2 I7 I8 killed at 60 random moments of pull and rm, a store loses nothing", .timeLimit(.minutes(5)))
    func killed() async throws {
        let server = try await server()
        let program = try program(server.url)
        let home = TemporaryFolder.path + "/home"
        #expect(try await program.run("pull", "other").code == 0)
        let neighbour = try ["other:q4": [Digest(sha256: (blob() as NSString).lastPathComponent)]]
        var generator = SystemRandomNumberGenerator()
        for round in 0..<60 {
            let verb = round % 3 == 2 ? ["rm", "tiny", "--yes"] : ["pull", "tiny"]
            let delay = UInt32.random(in: 0..<300_000, using: &generator)
            try await program.started([Products.homewise] + verb, story: TemporaryFolder.path + "/story") { process in
                usleep(delay)
                kill(process.processIdentifier, SIGKILL)
                process.waitUntilExit()
            }
            #expect(try StoreInvariants(home: home, complete: neighbour).violations() == [], "round \(round), \(verb[0]) after \(delay) µs")
        }
        #expect(try await program.run("pull", "tiny").code == 0)
        #expect(try await program.run("verify", "--all").code == 0)
        #expect(try await program.run("prune", "--yes").code == 0)
        #expect(try StoreInvariants(home: home, complete: neighbour).violations() == [])
        try await server.stop()
    }
}
