// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseSources

/// Tar archives that two readers would read differently.
@Suite(.temporaryFolder) struct ArchiveTarTests {
    @Test(
        "D3 whatever could be read in two ways is refused",
        arguments: [
            // The size in the header says nothing, the PAX one says the next header is data (TARmageddon).
            "pax((b'size', b'512')) + header(size=0) + header(b'hidden') + end",
            "pax((b'size', b'0')) + header(size=512) + data(b'x' * 512) + end",
            "pax((b'size', b'1'), (b'size', b'2')) + header(size=2) + data(b'xx') + end",
            "pax((b'size', b'1')) + pax((b'size', b'1')) + header(size=1) + data(b'x') + end",
            "pax((b'size', b'-1')) + header(size=1) + data(b'x') + end", "pax((b'size', b'0x1')) + header(size=1) + data(b'x') + end",
            "pax((b'size', b'9223372036854775808')) + header(size=1) + data(b'x') + end",
            "pax((b'size', b'1'), kind=b'g') + header(size=1) + data(b'x') + end",
            "pax((b'path', b'b'), kind=b'g') + header(size=1) + data(b'x') + end",
            // GNU's bytes for a size that octal digits hold; a negative one; one beyond 63 bits.
            "header(field=b'\\x80' + b'\\0' * 10 + b'\\x01') + data(b'x') + end", "header(field=b'\\xff' * 12) + data(b'x') + end",
            "header(field=b'\\x80' + b'\\xff' * 11) + data(b'x') + end", "header(field=b'\\x80\\0\\0\\0\\x80' + b'\\0' * 7) + end",
            // Malformed PAX: no length, a length beyond the end, no line end, no key, a length that cuts.
            "header(b'p', 4, b'x') + data(b'abcd') + header() + end", "header(b'p', 9, b'x') + data(b'99 a=bcd\\n') + header() + end",
            "header(b'p', 7, b'x') + data(b'7 a=bcd') + header() + end", "header(b'p', 6, b'x') + data(b'6 =bc\\n') + header() + end",
            "header(b'p', 8, b'x') + data(b'5 a=bcd\\n') + header() + end",
            "header(b'p', 1 << 21, b'x') + data(b'0' * (1 << 21)) + header() + end",
            "pax((b'GNU.sparse.major', b'1'), (b'GNU.sparse.realsize', b'9')) + header(size=1) + data(b'x') + end",
            // Two names; a name that is none.
            "header(b'././@LongLink', 2, b'L') + data(b'b\\0') + pax((b'path', b'c')) + header() + end",
            "header(b'././@LongLink', 2, b'L') + data(b'b\\0') + header(b'././@LongLink', 2, b'L') + data(b'c\\0') + header() + end",
            "header(b'\\xff\\xfe') + end", "pax((b'path', b'a\\0b')) + header() + end",
            // Octal digits with something behind them; a wrong checksum; a file that is a folder by its name; a folder with content.
            "header(field=b'0000000001x\\0') + data(b'x') + end", "header()[:148] + b'000000\\0 ' + header()[156:] + end",
            "header(b'a/') + end", "header(b'a/', 1, b'5') + data(b'x') + end",
            // What does not end, and what goes on behind the end.
            "header(size=9000) + data(b'x')", "header()", "header() + end[:512]", "header()[:300]",
            "header() + end + header(b'hidden') + end",
            "header() + end + b'x' * 512", "b'\\0' * 257 + b'ustar' + b'\\0' * 1000",
        ])
    func ambiguous(_ content: String) throws {
        ArchiveMaker.refuses(try ArchiveMaker.archive("tar(\(content))"), .damagedArchive)
    }

    @Test("D3 an archive inside an archive is a file, whatever its header looks like") func nested() throws {
        let archive = try ArchiveMaker.archive(
            "inner = header(b'hidden', 1) + data(b'x') + end; tar(header(b'inner.tar', len(inner)) + data(inner) + end)")
        #expect(try ArchiveMaker.unpack(archive) == ["inner.tar"])
    }

    @Test("D3 what agrees is read: PAX with the same size, comments for all, long names") func agreeing() throws {
        let archive = try ArchiveMaker.archive(
            """
            tar(pax((b'comment', b'0123'), kind=b'g') + pax((b'size', b'2'), (b'path', b'b' * 120), (b'mtime', b'1.5')) + header(size=2)
                + data(b'xx') + header(b'././@LongLink', 121, b'L') + data(b'c' * 120 + b'\\0') + header(size=1) + data(b'y')
                + header(b'name', 1, prefix=b'front') + data(b'z') + end + b'\\0' * 7168)
            """)
        #expect(try ArchiveMaker.unpack(archive) == [String(repeating: "b", count: 120), String(repeating: "c", count: 120), "front/name"])
    }

    @Test("D3 sizes beyond octal digits are read in each writer's way") func large() throws {
        let nine = "9 << 30"
        for content in [
            "pax((b'size', b'%d' % (\(nine)))) + header(size=0)", "pax((b'size', b'%d' % (\(nine)))) + header(field=b'77777777777\\0')",
            "header(field=b'\\x80' + (\(nine)).to_bytes(11, 'big'))",
        ] {
            let archive = try ArchiveMaker.archive("tar(\(content))")
            var screen = TarScreen(archive: "tar")
            try Data(contentsOf: URL(filePath: archive.parts[0])).withUnsafeBytes { try screen.consume($0) }
            #expect(screen.entries.map(\.size) == [9 << 30])
        }
    }
}
