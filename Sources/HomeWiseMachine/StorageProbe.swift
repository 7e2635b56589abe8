// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

package enum StorageProbe {
    /// The disk that holds a path, or would hold it: the nearest folder that exists is asked.
    ///
    /// - Parameter probe: where to read of mounts and disks; the free bytes are always this machine's.
    package static func storage(of path: String, probe: MachineProbe = MachineProbe()) -> SystemCapabilities.Storage {
        let folder = nearestFolder(to: path)
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return probe.described(.init(path: path, free: nil, total: nil), folder) }
        let block = UInt64(status.f_frsize)
        func bytes(_ blocks: UInt64) -> ByteCount? {
            let (bytes, overflow) = blocks.multipliedReportingOverflow(by: block)
            return overflow ? nil : Int64(exactly: bytes).map { ByteCount($0) }
        }
        let isReadOnly = UInt(status.f_flag) & UInt(ST_RDONLY) != 0
        return probe.described(
            .init(path: path, free: bytes(UInt64(status.f_bavail)), total: bytes(UInt64(status.f_blocks)), isReadOnly: isReadOnly), folder)
    }

    /// Without symbolic links, as mount points are.
    private static func nearestFolder(to path: String) -> String {
        var folder = URL(filePath: path)
        while !FileManager.default.fileExists(atPath: folder.path), folder.path != "/" { folder.deleteLastPathComponent() }
        return MachineProbe.realPath(folder.path) ?? folder.path
    }
}

extension MachineProbe {
    /// Adds what the mount table and the disk say.
    fileprivate func described(_ storage: SystemCapabilities.Storage, _ folder: String) -> SystemCapabilities.Storage {
        var storage = storage
        #if canImport(Darwin)
            var status = statfs()
            guard statfs(folder, &status) == 0 else { return storage }
            storage.filesystem = withUnsafeBytes(of: status.f_fstypename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        #else
            guard let mount = MountTable(text("proc/self/mountinfo") ?? "").mount(holding: folder) else { return storage }
            storage.filesystem = mount.filesystem
            storage.isReadOnly = mount.isReadOnly
            storage.isRotational = isRotational(mount.device)
        #endif
        return storage
    }
}
