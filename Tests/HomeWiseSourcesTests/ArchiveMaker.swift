// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseSources

/// Archives as others write them, good and bad, and what must hold after each.
enum ArchiveMaker {
    /// What the scripts below may use: headers of tar by hand, so that every lie can be told.
    private static let prelude = """
        import zipfile, tarfile, io, struct, gzip, lzma, zlib, os, subprocess
        def header(name=b'a', size=0, kind=b'0', link=b'', mode=b'0000644', prefix=b'', field=None, magic=b'ustar\\x0000'):
            field = field if field is not None else b'%011o\\0' % size
            h = name.ljust(100, b'\\0')[:100] + mode + b'\\0' + b'0000000\\0' * 2 + field + b'00000000000\\0' + b' ' * 8 + kind
            h += link.ljust(100, b'\\0') + magic + b'\\0' * 64 + b'0000000\\0' * 2 + prefix.ljust(155, b'\\0') + b'\\0' * 12
            assert len(h) == 512
            return h[:148] + b'%06o\\0 ' % sum(h) + h[156:]
        def data(b): return b + b'\\0' * (-len(b) % 512)
        def record(key, value):
            body = b' ' + key + b'=' + value + b'\\n'
            n = len(body) + 1
            while len(str(n)) + len(body) != n: n = len(str(n)) + len(body)
            return str(n).encode() + body
        def pax(*pairs, kind=b'x'):
            b = b''.join(record(k, v) for k, v in pairs)
            return header(b'PaxHeaders/a', len(b), kind) + data(b)
        end = b'\\0' * 1024
        def tar(b): open(path, 'wb').write(b)
        def zipped(*pairs, how=zipfile.ZIP_DEFLATED):
            z = zipfile.ZipFile(path, 'w', how)
            for name, content in pairs: z.writestr(name, content)
            z.close()

        """

    /// - Parameters:
    ///   - script: Python that writes `path`.
    ///   - name: the file's name; a single packed file is told by nothing else.
    static func archive(_ script: String, name: String = "archive") throws -> Archive {
        let path = TemporaryFolder.path + "/" + name
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", "path = '\(path)'\n" + prelude + script]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return Archive(path: path, name: name)
    }

    static var out: String { TemporaryFolder.path + "/deep/out" }

    /// Unpacks it all, and proves that after a failure nothing is there: not the folder, not what it was filled in, and
    /// nothing beside them.
    @discardableResult
    static func unpack(_ archive: Archive, below prefix: String? = nil, limit: Int64 = 1 << 20) throws -> [String] {
        try FileManager.default.createDirectory(atPath: TemporaryFolder.path + "/deep", withIntermediateDirectories: true)
        let before = try everything()
        do {
            return try archive.extractAll(below: prefix, to: out, limit: limit).map(\.path.value)
        } catch {
            #expect(try everything() == before)
            throw error
        }
    }

    static func refuses(_ archive: Archive, _ code: Failure.Code, limit: Int64 = 1 << 20, _ location: SourceLocation = #_sourceLocation) {
        let failure = #expect(throws: Failure.self, sourceLocation: location) { try unpack(archive, limit: limit) }
        #expect(failure?.code == code, "\(failure?.message ?? "")", sourceLocation: location)
    }

    private static func everything() throws -> Set<String> {
        Set(try FileManager.default.subpathsOfDirectory(atPath: TemporaryFolder.path))
    }

    static func text(_ name: String) throws -> String { try String(contentsOfFile: out + "/" + name, encoding: .utf8) }

    static func mode(_ name: String) -> mode_t {
        var status = stat()
        return lstat(out + "/" + name, &status) == 0 ? status.st_mode : 0
    }
}
