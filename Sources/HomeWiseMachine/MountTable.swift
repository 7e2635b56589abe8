// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What is mounted where, from `/proc/self/mountinfo` (its format: Linux, Documentation/filesystems/proc.rst, section 3.5).
struct MountTable {
    struct Mount: Equatable {
        var point: String
        /// “8:2”; anonymous numbers (0:…) for what has no single disk.
        var device: String
        var filesystem: String
        var isReadOnly: Bool
    }

    private let mounts: [Mount]

    init(_ text: String) { mounts = text.split(separator: "\n").compactMap { Self.mount($0) } }

    /// The mount that holds a path: the longest mount point above it; of several at one point the last, which hides the others.
    func mount(holding path: String) -> Mount? {
        mounts.filter { $0.point == "/" || path == $0.point || path.hasPrefix($0.point + "/") }
            .reduce(nil) { best, next in best.map { next.point.utf8.count >= $0.point.utf8.count ? next : $0 } ?? next }
    }

    /// “36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue”: the number of fields before the
    /// hyphen varies.
    private static func mount(_ line: Substring) -> Mount? {
        let fields = line.split(separator: " ", omittingEmptySubsequences: false)
        guard fields.count >= 9, let hyphen = fields.indices.dropFirst(6).first(where: { fields[$0] == "-" }), hyphen + 3 < fields.count
        else {
            return nil
        }
        let options = fields[5].split(separator: ",") + fields[hyphen + 3].split(separator: ",")
        return Mount(
            point: unescaped(fields[4]), device: String(fields[2]), filesystem: String(fields[hyphen + 1]),
            isReadOnly: options.contains("ro"))
    }

    /// Spaces, tabs, newlines and backslashes stand as octal numbers: “\040”.
    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.first {
            let digits = rest.dropFirst().prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3, let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 8) {
                bytes.append(code)
                rest = rest.dropFirst(4)
            } else {
                bytes.append(byte)
                rest = rest.dropFirst()
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
