// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseStore
import HomeWiseTesting
import Testing

@testable import HomeWiseSources

/// The forms that models come in, from the programs that write them.
@Suite(.temporaryFolder) struct ArchiveFormTests {

    /// Writers of whole folders: the system's own tar in its two long forms, and Python's.
    @Test(arguments: [
        "tar --format=gnu -C F -cf P top", "tar --format=posix -C F -czf P top", "tar --format=posix -C F -cJf P ./top",
        "tar --format=gnu -C F --zstd -cf P top", "tar --format=ustar -C F -cf P top",
        "python3 -c 'import shutil; shutil.make_archive(\"F/z\", \"zip\", \"F\", \"top\")' && mv F/z.zip P",
        "python3 -c 'import shutil; shutil.make_archive(\"F/z\", \"xztar\", \"F\", \"top\")' && mv F/z.tar.xz P",
    ])
    func folders(_ command: String) throws {
        // Beyond what the plain form can hold, but for the plain form.
        let long = String(repeating: "b", count: command.contains("ustar") ? 90 : 180)
        let archive = try ArchiveMaker.archive(
            """
            f = os.path.dirname(path) + '/f'
            os.makedirs(f + '/top/sub'); open(f + '/top/a', 'w').write('hello'); open(f + '/top/sub/' + '\(long)', 'w').write('world')
            os.chmod(f + '/top/a', 0o4777); os.chmod(f + '/top/sub/' + '\(long)', 0o600)
            subprocess.run('''\(command)'''.replace('F', f).replace('P', path), shell=True, check=True)
            """)
        #expect(try Set(ArchiveMaker.unpack(archive)) == ["top/a", "top/sub/" + long])
        #expect(try ArchiveMaker.text("top/a") == "hello" && ArchiveMaker.text("top/sub/" + long) == "world")
        // Neither the right to become another person nor a closed file comes out.
        #expect(ArchiveMaker.mode("top/a") & 0o7777 == 0o755 && ArchiveMaker.mode("top/sub/" + long) & 0o7777 == 0o644)
        #expect(ArchiveMaker.mode("top") & S_IFMT == S_IFDIR)
    }

    @Test(arguments: ["gz", "xz", "zst"]) func singleFiles(_ suffix: String) throws {
        let archive = try ArchiveMaker.archive(
            """
            open(path[:-len('\(suffix)') - 1], 'wb').write(os.urandom(1_280_000))
            subprocess.run(['\(["gz": "gzip", "xz": "xz", "zst": "zstd"][suffix] ?? "")', '-q', '-k', path[:-len('\(suffix)') - 1]], check=True)
            """, name: "model.gguf.\(suffix)")
        let unpacked = try archive.extractAll(to: ArchiveMaker.out0, limit: 2 << 20)
        let expected = try FileHash.digest(of: TemporaryFolder.path + "/model.gguf")
        #expect(unpacked.map(\.path.value) == ["model.gguf"] && unpacked.map(\.digest) == [expected] && unpacked.map(\.size) == [1_280_000])
        var join = try MemberJoin(path: TemporaryFolder.path + "/joined")
        try join.append(SafePath(untrusted: "whatever.gguf"), of: archive, limit: 1_280_000)
        let (digest, size) = join.finish()
        #expect(digest == expected && size == 1_280_000)
    }

    @Test(arguments: ["zip", "tar.gz", "tar"]) func anArchiveThatWasCutIsReadAsOne(_ suffix: String) throws {
        _ = try ArchiveMaker.archive(
            """
            content = os.urandom(300_000)
            if path.endswith('zip'): zipped(('d/a', content), ('d/b', 'x'), how=zipfile.ZIP_STORED)
            else:
                t = tarfile.open(path, 'w:gz' if path.endswith('gz') else 'w')
                for n, c in (('d/a', content), ('d/b', b'x')): i = tarfile.TarInfo(n); i.size = len(c); t.addfile(i, io.BytesIO(c))
                t.close()
            open(os.path.dirname(path) + '/expected', 'wb').write(content)
            subprocess.run(['split', '-b', '70001', '-d', '-a', '3', '--numeric-suffixes=1', path, path + '.'], check=True)
            os.remove(path)
            """, name: "x.\(suffix)")
        let names = try FileManager.default.contentsOfDirectory(atPath: TemporaryFolder.path)
        let (joined, problems) = SplitName.join(names)
        #expect(joined.map(\.name) == ["x.\(suffix)"] && problems.isEmpty && joined[0].parts.count == 5)
        let archive = Archive(parts: joined[0].parts.map { TemporaryFolder.path + "/" + $0 }, name: joined[0].name)
        let unpacked = try archive.extractAll(below: "d", to: ArchiveMaker.out0, limit: 1 << 20)
        #expect(try unpacked.first?.digest == FileHash.digest(of: TemporaryFolder.path + "/expected"))
        // In the wrong order, or with one missing, it is no archive.
        for parts in [archive.parts.reversed(), Array(archive.parts.dropLast()), [archive.parts[0]] + archive.parts.dropFirst(2)] {
            #expect(throws: Failure.self) { try Archive(parts: parts, name: "x").extractAll(to: ArchiveMaker.out0 + "2", limit: 1 << 20) }
        }
    }

    @Test func namesInOtherAlphabetsComeOutAsTheyAre() throws {
        let archive = try ArchiveMaker.archive("zipped(('模型/é.gguf', 'x'), ('модель', 'y'))")
        #expect(try Set(ArchiveMaker.unpack(archive)) == ["模型/é.gguf", "модель"])
        let tar = try ArchiveMaker.archive(
            """
            t = tarfile.open(path, 'w:gz', format=tarfile.PAX_FORMAT)
            for n in ('模型/é.gguf', 'plain'): i = tarfile.TarInfo(n); i.size = 1; t.addfile(i, io.BytesIO(b'x'))
            t.close()
            """, name: "other")
        #expect(try tar.extractAll(to: ArchiveMaker.out0, limit: 10).map(\.path.value) == ["模型/é.gguf", "plain"])
    }

    @Test func aCancelledTaskStopsUnpacking() async throws {
        let archive = try ArchiveMaker.archive("zipped(('a', b'0' * (1 << 20)))")
        let out = ArchiveMaker.out0
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try archive.extractAll(to: out, limit: 2 << 20)
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(!FileManager.default.fileExists(atPath: out) && !FileManager.default.fileExists(atPath: out + ".unpacking"))
    }

    @Test("what an interrupted run left is replaced") func leftovers() throws {
        let archive = try ArchiveMaker.archive("zipped(('a', 'new'))")
        let staging = ArchiveMaker.out0 + ".unpacking"
        try FileManager.default.createDirectory(atPath: staging + "/deep/er", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: staging + "/deep/link", withDestinationPath: TemporaryFolder.path)
        try Data("old".utf8).write(to: URL(filePath: staging + "/deep/er/file"))
        try archive.extractAll(to: ArchiveMaker.out0, limit: 10)
        #expect(try FileManager.default.contentsOfDirectory(atPath: ArchiveMaker.out0) == ["a"])
        #expect(FileManager.default.fileExists(atPath: archive.parts[0]))
    }
}

extension ArchiveMaker {
    /// A place whose parent is there.
    static var out0: String { TemporaryFolder.path + "/out" }
}
