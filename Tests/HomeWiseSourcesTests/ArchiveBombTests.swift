// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseSources

/// Archives that would fill the disk, and names that are one on another disk.
@Suite(.temporaryFolder) struct ArchiveBombTests {
    /// - Returns: bytes that reached the file before it was refused.
    private func written(_ member: String, of archive: Archive, limit: Int64) throws -> Int64 {
        let path = TemporaryFolder.path + "/member"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        defer { close(descriptor) }
        #expect(throws: Failure.self) { try archive.extract(SafePath(untrusted: member), to: descriptor, limit: limit) { _ in } }
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int64(status.st_size) : .max
    }

    @Test("D5 zeros that were packed to a thousandth are refused, whatever was announced") func zeros() throws {
        let zip = try ArchiveMaker.archive("zipped(('a', b'0' * (64 << 20)))", name: "zip")
        ArchiveMaker.refuses(zip, .archiveTooLarge, limit: 1 << 40)
        #expect(try written("a", of: zip, limit: 1 << 40) == 0)
        let tar = try ArchiveMaker.archive(
            "b = header(size=64 << 20) + b'0' * (64 << 20) + end; open(path, 'wb').write(gzip.compress(b))", name: "tgz")
        ArchiveMaker.refuses(tar, .archiveTooLarge, limit: 1 << 40)
        for (name, packer) in [("gz", "gzip.compress"), ("xz", "lzma.compress")] {
            let single = try ArchiveMaker.archive("open(path, 'wb').write(\(packer)(b'0' * (64 << 20)))", name: "a.\(name)")
            ArchiveMaker.refuses(single, .archiveTooLarge, limit: 1 << 40)
            let packed = try ArchiveInput(single.parts).length
            #expect(try written("a", of: single, limit: 1 << 40) <= max(1 << 20, packed * 200))
        }
    }

    @Test("D5 nothing beyond what was announced is written") func announced() throws {
        let archive = try ArchiveMaker.archive("zipped(('a', os.urandom(3 << 20)))")
        ArchiveMaker.refuses(archive, .archiveTooLarge, limit: 1 << 20)
        #expect(try written("a", of: archive, limit: (3 << 20) - 1) == 0)
        let single = try ArchiveMaker.archive("open(path, 'wb').write(gzip.compress(os.urandom(3 << 20)))", name: "b.gz")
        #expect(try written("b", of: single, limit: (1 << 20) + 5) <= (1 << 20) + 5)
    }

    @Test("D5 padding without end is no archive") func padding() throws {
        let archive = try ArchiveMaker.archive("open(path, 'wb').write(gzip.compress(header() + b'\\0' * (64 << 20)))", name: "a.tar.gz")
        ArchiveMaker.refuses(archive, .archiveTooLarge, limit: 1 << 40)
    }

    @Test("D5 a zip of zips of zips is unpacked once, and what is packed twice or is its own content not at all") func nested() throws {
        let archive = try ArchiveMaker.archive(
            """
            def zips(b, n):
                f = io.BytesIO(); z = zipfile.ZipFile(f, 'w', zipfile.ZIP_DEFLATED)
                for i in range(16): z.writestr('%s%d.zip' % (n, i), b)
                z.close(); return f.getvalue()
            open(path, 'wb').write(zips(zips(zips(b'0' * (4 << 20), 'a'), 'b'), 'c'))
            """)
        #expect(try ArchiveMaker.unpack(archive, limit: 8 << 20) == (0..<16).map { "c\($0).zip" })
        for script in [
            "open(path, 'wb').write(gzip.compress(gzip.compress(b'x')))",
            "open(path, 'wb').write(lzma.compress(gzip.compress(header() + end)))",
            "b = b'x'\nfor i in range(30): b = gzip.compress(b)\nopen(path, 'wb').write(b)",
            "zipped(('a', 'x')); b = open(path, 'rb').read(); open(path, 'wb').write(gzip.compress(b))",
        ] {
            let twice = try ArchiveMaker.archive(script, name: "x.gz")
            #expect(throws: Failure.self) { try twice.extractAll(to: ArchiveMaker.out0, limit: 1 << 20) }
            #expect(throws: Failure.self) { try twice.members() }
        }
    }

    @Test(
        "D5 a zip that lies is refused",
        arguments: [
            // The size in both headers is smaller, and larger, than what comes out.
            "zip(entry(b'a', deflated(b'0' * (64 << 20)), 10))", "zip(entry(b'a', deflated(b'x'), 10))",
            // 280 TB in long sizes.
            "zip(entry(b'a', deflated(b'x'), 1 << 48))",
            // Another name inside; two entries over the same bytes; one inside the other; bytes that belong to none.
            "zip(entry(b'a', deflated(b'x'), 1, inner=b'b'))", "e = entry(b'a', deflated(b'x'), 1); zip(e, e)",
            "b = entry(b'b', b'x', 1, method=0); a = entry(b'a', b[0], len(b[0]), method=0); zip(a, (b'', b[1]), offsets=[0, 31])",
            "zip((b'', b''), entry(b'a', b'x', 1, method=0), gap=b'hidden!')",
            // Encrypted; in another file of a set; a directory that ends elsewhere; one that counts wrong.
            "zip(entry(b'a', b'x', 1, method=0, flags=1))", "zip(entry(b'a', b'x', 1, method=0), disk=1)",
            "zip(entry(b'a', b'x', 1, method=0), count=2)", "zip(entry(b'a', b'x', 1, method=0), after=b'more')",
            "zip(entry(b'a', b'x', 1, method=0), comment=b'PK\\x05\\x06' + b'\\0' * 18)",
            // The same name twice; a name that a second field gives differently.
            "e = entry(b'a', b'x', 1, method=0); zip(e, e)",
            "zip(entry(b'a', b'x', 1, method=0, extra=struct.pack('<HHBI', 0x7075, 6, 1, zlib.crc32(b'a')) + b'b'))",
            // A checksum that is not the content's.
            "zip(entry(b'a', b'x', 1, method=0, crc=7))",
        ])
    func lies(_ script: String) throws {
        let archive = try ArchiveMaker.archive(
            """
            def deflated(b): c = zlib.compressobj(9, zlib.DEFLATED, -15); return c.compress(b) + c.flush()
            def entry(name, body, size, inner=None, method=8, flags=0, extra=b'', crc=None):
                plain = body if method == 0 else zlib.decompress(body, -15)
                crc = zlib.crc32(plain) if crc is None else crc
                if size >> 32: extra += struct.pack('<HHQQ', 1, 16, size, len(body))
                sizes = (0xffffffff, 0xffffffff) if size >> 32 else (len(body), size)
                common = struct.pack('<HHHHHIII', 45, flags, method, 0, 33, crc, *sizes)
                local = b'PK\\3\\4' + common + struct.pack('<HH', len(inner or name), len(extra)) + (inner or name) + extra + body
                return local, (common, name, extra)
            def zip(*entries, offsets=None, gap=b'', disk=0, count=None, after=b'', comment=b''):
                b, places = gap, []
                for local, central in entries: places.append(len(b)); b += local
                d = b''
                for (local, central), place in zip_(entries, offsets or places):
                    if not central: continue
                    common, name, extra = central
                    d += b'PK\\1\\2\\x2d\\3' + common + struct.pack('<HHHHHII', len(name), len(extra), 0, disk, 0, 0, place) + name + extra
                n = d.count(b'PK\\1\\2') if count is None else count
                open(path, 'wb').write(b + d + b'PK\\5\\6' + struct.pack('<HHHHIIH', 0, 0, n, n, len(d), len(b), len(comment)) + comment + after)
            import builtins; zip_ = builtins.zip
            \(script)
            """)
        let failure = #expect(throws: Failure.self) { try ArchiveMaker.unpack(archive, limit: 1 << 50) }
        #expect(failure?.code == .damagedArchive || failure?.code == .archiveTooLarge, "\(failure?.message ?? "")")
        #expect(try written("a", of: archive, limit: 1 << 50) <= 1 << 20)
    }

    @Test("D5 an honest zip by the same hand is read, with long sizes, a comment and sizes behind the data") func honest() throws {
        let archive = try ArchiveMaker.archive(
            """
            f = open(path, 'wb')
            class Stream:
                def write(self, b): return f.write(b)
                def flush(self): f.flush()
            z = zipfile.ZipFile(Stream(), 'w', zipfile.ZIP_DEFLATED)
            z.comment = b'a commit id'
            with z.open('long', 'w', force_zip64=True) as g: g.write(b'hello')
            z.writestr('short', 'world'); z.writestr('folder/', ''); z.close(); f.close()
            """)
        #expect(try ArchiveMaker.unpack(archive) == ["long", "short"])
        #expect(try ArchiveMaker.text("long") + ArchiveMaker.text("short") == "helloworld")
    }

    @Test("D5 more entries than any model has are refused") func entries() throws {
        let tar = try ArchiveMaker.archive(
            "open(path, 'wb').write(gzip.compress(b''.join(header(b'%d' % i) for i in range(100001)) + end, 1))")
        ArchiveMaker.refuses(tar, .archiveTooLarge, limit: 1 << 40)
        let zip = try ArchiveMaker.archive(
            """
            b = b'PK\\3\\4' + b'\\0' * 26; n = 100001
            long = b'PK\\6\\6' + struct.pack('<QHHIIQQQQ', 44, 45, 45, 0, 0, n, n, 0, len(b)) + b'PK\\6\\7' + struct.pack('<IQI', 0, len(b), 1)
            open(path, 'wb').write(b + long + b'PK\\5\\6' + struct.pack('<HHHHIIH', 0, 0, 0xffff, 0xffff, 0, len(b), 0))
            """, name: "zip")
        let failure = #expect(throws: Failure.self) { try ArchiveMaker.unpack(zip, limit: 1 << 40) }
        #expect(failure?.message.contains("100001 entries") == true, "\(failure?.message ?? "")")
    }

    @Test(
        "D5 two names that are one on another disk are refused",
        arguments: [
            "'A', 'a'", "'caf\\u00e9', 'cafe\\u0301'", "'d/x', 'D/y'", "'stra\\u00dfe', 'STRASSE'", "'a', 'a/b'", "'a/b', 'a'",
            "'\\u212a', 'k'",
            "'a', 'a'", "'./a', 'a'", "'x/caf\\u00e9/1', 'x/cafe\\u0301/2'",
        ])
    func pairs(_ names: String) throws {
        let tar = try ArchiveMaker.archive(
            """
            t = tarfile.open(path, 'w:gz')
            for n in (\(names)): i = tarfile.TarInfo(n); i.size = 1; t.addfile(i, io.BytesIO(b'x'))
            t.close()
            """)
        ArchiveMaker.refuses(tar, .unsafePath)
        if names != "'a', 'a'" {
            ArchiveMaker.refuses(try ArchiveMaker.archive("zipped(*[(n, 'x') for n in (\(names))])", name: "zip"), .unsafePath)
        }
    }

    @Test("D5 a name of 4096 bytes is refused in every form") func longName() throws {
        for (index, script) in [
            "zipped(('n' * 4096, 'x'))", "zipped(('n/' * 500 + 'n', 'x'))", "tar(pax((b'path', b'n' * 4096)) + header() + end)",
            "tar(header(b'././@LongLink', 4097, b'L') + data(b'n' * 4096 + b'\\0') + header() + end)",
        ].enumerated() {
            ArchiveMaker.refuses(try ArchiveMaker.archive(script, name: "\(index)"), .unsafePath)
        }
    }

    @Test("A5 four hundred damaged archives write nothing outside, and leave nothing when they are refused", arguments: ["zip", "tar"])
    func damaged(_ kind: String) throws {
        let sound = try ArchiveMaker.archive(
            """
            if path.endswith('zip'): zipped(('d/a', 'hello'), ('d/b', 'world' * 100), ('c', ''))
            else: tar(pax((b'path', b'd/a')) + header(size=5) + data(b'hello') + header(b'd/', 0, b'5') + header(b'c', 3) + data(b'abc') + end)
            """, name: "sound.\(kind)")
        let bytes = try [UInt8](Data(contentsOf: URL(filePath: sound.parts[0])))
        var seed: UInt64 = 20_261_124
        func random(_ bound: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % bound
        }
        var refused = 0
        for _ in 0..<200 {
            var damaged = bytes
            for _ in 0...random(3) { damaged[random(damaged.count)] = UInt8(random(256)) }
            if random(4) == 0 { damaged.removeLast(random(damaged.count)) }
            try Data(damaged).write(to: URL(filePath: TemporaryFolder.path + "/damaged"))
            do {
                try ArchiveMaker.unpack(Archive(path: TemporaryFolder.path + "/damaged", name: "damaged"))
                try ArchiveFolder.remove(ArchiveMaker.out)
            } catch is Failure { refused += 1 }
            #expect(try Set(FileManager.default.contentsOfDirectory(atPath: TemporaryFolder.path)) == ["sound.\(kind)", "damaged", "deep"])
        }
        #expect(refused > 100)
    }

    @Test("D5 the budget is the least of what was announced, the packed size and the disk") func budget() {
        let gigabyte: Int64 = 1 << 30
        #expect(ArchiveBudget(announced: 5, packed: gigabyte, free: gigabyte).limit == 5)
        #expect(ArchiveBudget(announced: .max, packed: gigabyte, free: nil).limit == 200 * gigabyte)
        #expect(ArchiveBudget(announced: .max, packed: .max, free: gigabyte, reserve: 10).limit == gigabyte - 10)
        #expect(ArchiveBudget(announced: gigabyte, packed: 10, free: nil).limit == 1 << 20)
        let full = ArchiveBudget(announced: gigabyte, packed: gigabyte, free: 10, reserve: 100)
        #expect(full.limit == 0)
        let failure = #expect(throws: Failure.self) { try full.check(1, of: "x") }
        #expect(failure?.code == .diskFull)
    }
}
