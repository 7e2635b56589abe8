// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation

extension MachineProbe {
    /// Text of a file under the root; `nil` where it is absent or not for us, which on /proc and /sys is an ordinary answer.
    func text(_ path: String) -> String? { bytes(path).map { String(decoding: $0, as: UTF8.self) } }

    /// Bytes of a file under the root. These files tell no size, and the kernel makes them while they are read.
    ///
    /// - Parameter limit: more is not read: nothing here is near it, and a recording may be anything.
    func bytes(_ path: String, limit: Int = 16 << 20) -> [UInt8]? {
        // Not to wait for a writer, should a pipe be there.
        let file = open(root + path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var all: [UInt8] = []
        while all.count < limit {
            var got = 0
            let chunk = [UInt8](unsafeUninitializedCapacity: all.isEmpty ? 4096 : 65_536) { buffer, count in
                got = read(file, buffer.baseAddress, buffer.count)
                count = max(0, got)
            }
            guard got >= 0 else { return nil }
            guard got > 0 else { return all }
            all += chunk
        }
        return all
    }

    /// A file that holds one number; “max” and garbage are no number.
    func number(_ path: String) -> Int64? { text(path).flatMap { Int64($0.trimmed) } }

    /// A file that holds a number of bytes.
    func size(_ path: String) -> Int64? { number(path).flatMap { $0 >= 0 ? $0 : nil } }

    /// One line of text; `nil` for a file that is empty.
    func line(_ path: String) -> String? { text(path).map(\.trimmed).flatMap { $0.isEmpty ? nil : $0 } }

    /// Names in a folder under the root, sorted; none where there is no such folder.
    func names(in path: String) -> [String] {
        guard let folder = opendir(root + path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    func exists(_ path: String) -> Bool { access(root + path, F_OK) == 0 }
}

extension StringProtocol {
    var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
