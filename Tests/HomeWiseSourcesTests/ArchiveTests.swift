// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseStore
import HomeWiseTesting
import Testing

@testable import HomeWiseSources

@Suite(.temporaryFolder) struct ArchiveTests {
    /// Makes an archive with Python's own modules: `name` is written as it stands, however bad.
    private func archive(_ script: String) throws -> Archive {
        let path = TemporaryFolder.path + "/archive"
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", "import zipfile, tarfile, io\npath = '\(path)'\n" + script]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return Archive(path: path, name: "archive")
    }

    private func join(_ members: [String], of archive: Archive, limit: Int64 = 1 << 20) throws -> (digest: Digest, text: String) {
        let path = TemporaryFolder.path + "/joined"
        var join = try MemberJoin(path: path)
        do { for member in members { try join.append(SafePath(untrusted: member), of: archive, limit: limit) } } catch {
            join.abandon()
            throw error
        }
        return try (join.finish().digest, String(contentsOfFile: path, encoding: .utf8))
    }

    @Test func membersJoinInTheOrderAsked() throws {
        let archive = try archive(
            "z = zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED); z.writestr('d/b', 'world'); z.writestr('d/a', 'hello '); z.close()")
        let (digest, text) = try join(["d/a", "d/b"], of: archive)
        #expect(text == "hello world" && digest == FileHash.digest(ofText: "hello world"))
    }

    @Test func aMissingMemberSaysSo() throws {
        let archive = try archive("z = zipfile.ZipFile(path, 'w'); z.writestr('a', 'x'); z.close()")
        #expect { try join(["b"], of: archive) } throws: { ($0 as? Failure)?.code == .damagedArchive }
    }

    @Test("D5 a bomb ends at the announced size") func bomb() throws {
        let archive = try archive("z = zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED); z.writestr('a', b'0' * (64 << 20)); z.close()")
        #expect { try join(["a"], of: archive) } throws: { ($0 as? Failure)?.code == .archiveTooLarge }
        let size = try FileManager.default.attributesOfItem(atPath: TemporaryFolder.path + "/joined")[.size] as? Int
        #expect(size.map { $0 <= 1 << 20 } ?? false)
    }

    @Test func aDamagedArchiveSaysSo() throws {
        let archive = try archive(
            "z = zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED); z.writestr('a', bytes(range(256)) * 999); z.close(); "
                + "b = bytearray(open(path, 'rb').read()); b[200] ^= 255; open(path, 'wb').write(b)")
        #expect { try join(["a"], of: archive) } throws: { ($0 as? Failure)?.code == .damagedArchive }
    }

    @Test("D2 a name that leads outside is refused", arguments: ["top/../../escape", "top//etc/x", "top/a\\\\b"])
    func traversal(_ name: String) throws {
        let archive = try archive(
            "t = tarfile.open(path, 'w:gz'); i = tarfile.TarInfo('\(name)'); i.size = 1; t.addfile(i, io.BytesIO(b'x')); t.close()")
        #expect(throws: Failure.self) { try archive.extractAll(below: "top", to: TemporaryFolder.path + "/out", limit: 100) }
        #expect(!FileManager.default.fileExists(atPath: TemporaryFolder.path + "/escape"))
    }
}
