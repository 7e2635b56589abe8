// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation

enum MountPoint {
    /// The folder where the disk of a path begins: of the path itself or of the nearest folder above it that is there.
    static func holding(_ path: String) -> String {
        var folder = nearestReal(path)
        guard let device = device(of: folder) else { return "/" }
        while folder != "/" {
            let parent = (folder as NSString).deletingLastPathComponent
            if self.device(of: parent) != device { return folder }
            folder = parent
        }
        return "/"
    }

    /// Without links, as mount points are.
    private static func nearestReal(_ path: String) -> String {
        var path = path
        while true {
            if let real = realpath(path, nil) {
                defer { free(real) }
                return String(cString: real)
            }
            let parent = (path as NSString).deletingLastPathComponent
            if parent == path || parent.isEmpty { return "/" }
            path = parent
        }
    }

    private static func device(of path: String) -> dev_t? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_dev : nil
    }

    /// What kind of disk holds a path; `nil` where the system does not say.
    static func kind(of path: String) -> String? {
        #if canImport(Darwin)
            var status = statfs()
            guard statfs(nearestReal(path), &status) == 0 else { return nil }
            return withUnsafeBytes(of: status.f_fstypename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        #else
            let point = holding(path)
            guard let table = FileManager.default.contents(atPath: "/proc/self/mountinfo") else { return nil }
            return kind(at: point, in: String(decoding: table, as: UTF8.self))
        #endif
    }

    /// The last line that names a mount point counts: what is mounted over another hides it (proc(5), mountinfo).
    static func kind(at point: String, in table: String) -> String? {
        let escaped = point.replacingOccurrences(of: "\\", with: "\\134").replacingOccurrences(of: " ", with: "\\040")
        let line = table.split(separator: "\n").last { $0.split(separator: " ").dropFirst(4).first.map { $0 == escaped } ?? false }
        guard let fields = line?.split(separator: " "), let hyphen = fields.firstIndex(of: "-"), hyphen + 1 < fields.count else {
            return nil
        }
        return String(fields[hyphen + 1])
    }
}
