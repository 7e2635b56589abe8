// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseSources

/// Attempts to write somewhere else, or something else than files.
@Suite(.temporaryFolder) struct ArchiveLinkTests {
    @Test(
        "D1 A5 a zip with a link is refused as a whole",
        arguments: [
            "link('x', '/etc'); z.writestr('x/f', 'evil')", "link('x', '..'); z.writestr('x/f', 'evil')",
            "link('a', '.'); link('a/b', '..'); z.writestr('a/b/f', 'evil')", "link('only', 'good')", "link('x', 'a/../../..')",
        ])
    func zipLinks(_ script: String) throws {
        let archive = try ArchiveMaker.archive(
            """
            z = zipfile.ZipFile(path, 'w'); z.writestr('good', 'x')
            def link(name, target):
                i = zipfile.ZipInfo(name); i.create_system = 3; i.external_attr = 0o120777 << 16; z.writestr(i, target)
            \(script); z.close()
            """)
        ArchiveMaker.refuses(archive, .archiveLinkForbidden)
        #expect(throws: Failure.self) { try archive.members() }
    }

    @Test("D1 D4 a tar with a link is refused as a whole", arguments: ["SYMTYPE", "LNKTYPE"], ["/etc", "..", "good", "a/../../x"])
    func tarLinks(_ kind: String, _ target: String) throws {
        let archive = try ArchiveMaker.archive(
            """
            t = tarfile.open(path, 'w:gz'); i = tarfile.TarInfo('good'); i.size = 1; t.addfile(i, io.BytesIO(b'x'))
            i = tarfile.TarInfo('x'); i.type = tarfile.\(kind); i.linkname = '\(target)'; t.addfile(i)
            i = tarfile.TarInfo('x/f'); i.size = 1; t.addfile(i, io.BytesIO(b'x')); t.close()
            """)
        ArchiveMaker.refuses(archive, .archiveLinkForbidden)
    }

    @Test("D1 a link that only a PAX header makes one is refused") func paxLink() throws {
        ArchiveMaker.refuses(try ArchiveMaker.archive("tar(pax((b'linkpath', b'/etc')) + header(b'x') + end)"), .archiveLinkForbidden)
    }

    @Test("D1 one named member comes out beside links, and a link never does") func namedMember() throws {
        let archive = try ArchiveMaker.archive(
            """
            z = zipfile.ZipFile(path, 'w'); z.writestr('good', 'x')
            i = zipfile.ZipInfo('bad'); i.create_system = 3; i.external_attr = 0o120777 << 16; z.writestr(i, '/etc/passwd'); z.close()
            """)
        var join = try MemberJoin(path: TemporaryFolder.path + "/joined")
        try join.append(SafePath(untrusted: "good"), of: archive, limit: 10)
        let failure = #expect(throws: Failure.self) { try join.append(SafePath(untrusted: "bad"), of: archive, limit: 100) }
        #expect(failure?.code == .archiveLinkForbidden)
        #expect(join.finish().size == 1)
    }

    @Test("D2 long ways through links are refused: sixteen parts of 255 bytes, with pivots") func longPaths() throws {
        // The way of CVE-2025-4517: short links to long folders, until the way is too long to be resolved, then up again.
        let archive = try ArchiveMaker.archive(
            """
            t = tarfile.open(path, 'w', format=tarfile.PAX_FORMAT); comp = 'd' * 255; steps = 'abcdefghijklmnop'; way = ''
            def add(name, kind, link=''):
                i = tarfile.TarInfo(name); i.type = kind; i.linkname = link; t.addfile(i)
            for s in steps:
                add(os.path.join(way, comp), tarfile.DIRTYPE); add(os.path.join(way, s), tarfile.SYMTYPE, comp); way = os.path.join(way, comp)
            add('/'.join(steps) + '/' + 'l' * 254, tarfile.SYMTYPE, '../' * len(steps))
            add('escape', tarfile.SYMTYPE, '/'.join(steps) + '/' + 'l' * 254 + '/../../etc'); add('escape/f', tarfile.REGTYPE); t.close()
            """)
        ArchiveMaker.refuses(archive, .archiveLinkForbidden)
    }

    @Test("D2 a path of sixteen parts of 255 bytes is refused without any link") func longPathAlone() throws {
        let archive = try ArchiveMaker.archive(
            "t = tarfile.open(path, 'w'); i = tarfile.TarInfo('/'.join(['d' * 255] * 16)); t.addfile(i); t.close()")
        ArchiveMaker.refuses(archive, .unsafePath)
    }

    @Test(
        "A5 D5 a name that leads outside, or means something else elsewhere, is refused",
        arguments: [
            "../escape", "a/../../escape", "/etc/x", "a//b", "./../x", "a\\\\..\\\\..\\\\b", "..\\\\x", "C:x", "CON", "sub/nul.txt", "COM1",
            "lpt9.gguf", "trailing.", "trailing ", "a/dots.../b", "stream:ads", "tab\\tx", "bell\\x07", "what?", "a*", "\\u202egnp.exe",
            "...",
        ])
    func names(_ name: String) throws {
        let zip = try ArchiveMaker.archive("i = zipfile.ZipInfo('ok'); i.filename = '\(name)'; zipped((i, 'x'))")
        ArchiveMaker.refuses(zip, name.contains("\\t") || name.contains("\\x07") ? .damagedArchive : .unsafePath)
        let tar = try ArchiveMaker.archive(
            "t = tarfile.open(path, 'w:gz'); i = tarfile.TarInfo('\(name)'); i.size = 1; t.addfile(i, io.BytesIO(b'x')); t.close()")
        ArchiveMaker.refuses(tar, .unsafePath)
    }

    @Test("D4 of all 256 kinds of tar entries only files and folders come out") func everyKind() throws {
        var accepted: [Int] = []
        for kind in 0..<256 {
            let archive = try Self.tar(kind: kind)
            do {
                try ArchiveMaker.unpack(archive)
                accepted.append(kind)
                #expect(ArchiveMaker.mode("a") & S_IFMT == (kind == 0x35 ? S_IFDIR : S_IFREG))
                try ArchiveFolder.remove(ArchiveMaker.out)
            } catch is Failure {}
        }
        #expect(accepted == [0, 0x30, 0x35])
    }

    /// One entry of a kind, by hand: 256 runs of Python would take a minute.
    private static func tar(kind: Int) throws -> Archive {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at place: Int) { header.replaceSubrange(place..<(place + text.utf8.count), with: text.utf8) }
        put("a", at: 0)
        put("0000644", at: 100)
        put("00000000000", at: 124)
        put("        ", at: 148)
        header[156] = UInt8(kind)
        put("b", at: 157)
        put("ustar", at: 257)
        put("00", at: 263)
        put(String(format: "%06o", header.reduce(0) { $0 + Int($1) }), at: 148)
        header[154] = 0
        let path = TemporaryFolder.path + "/tar"
        try Data(header + [UInt8](repeating: 0, count: 1024)).write(to: URL(filePath: path))
        return Archive(path: path, name: "tar")
    }

    @Test("D4 a device, a pipe and a link to a device in a zip are refused") func zipKinds() throws {
        for (kind, code) in [
            (0o010644, Failure.Code.archiveEntryForbidden), (0o020644, .archiveEntryForbidden), (0o140644, .archiveEntryForbidden),
        ] {
            let archive = try ArchiveMaker.archive(
                "i = zipfile.ZipInfo('a'); i.create_system = 3; i.external_attr = \(kind) << 16; zipped((i, 'x'))")
            ArchiveMaker.refuses(archive, code)
        }
    }

    @Test("D4 a link in the folder that is filled is not followed") func linkInTheWay() throws {
        let folder = TemporaryFolder.path + "/filled"
        let target = try ArchiveFolder(at: folder)
        try FileManager.default.createSymbolicLink(atPath: folder + "/a", withDestinationPath: TemporaryFolder.path)
        try FileManager.default.createSymbolicLink(atPath: folder + "/f", withDestinationPath: TemporaryFolder.path + "/escaped")
        #expect(throws: Failure.self) { try target.withNewFile(SafePath(untrusted: "a/b"), isExecutable: false) { _ in } }
        #expect(throws: Failure.self) { try target.withNewFile(SafePath(untrusted: "f"), isExecutable: false) { _ in } }
        #expect(throws: Failure.self) { try target.makeFolder(SafePath(untrusted: "a/c")) }
        #expect(try Set(FileManager.default.contentsOfDirectory(atPath: TemporaryFolder.path)) == ["filled"])
    }
}
