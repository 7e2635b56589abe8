// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

/// The same against disks without locks, without room, without flush, and against being killed.
extension KeepTests {
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
