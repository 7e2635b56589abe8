// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// How weights get into memory: mapped or copied, rewritten for the processor's wide kernels or as they are.
public struct LoadMode: Sendable, Equatable {
    public var isMapped: Bool
    public var isRepacking: Bool
    public var reason: String
}

/// Decides by what is short: private memory must be there, mapped pages may be dropped and read again from the disk.
///
/// What the modes cost, for a file of 671 MiB on AVX2 (resident / of it private): mapped and rewritten 1496 / 849 MiB, mapped as it is
/// 866 / 186, copied and rewritten 1013 / 997, copied as it is 866 / 850. Measured with llama.cpp of October 2026.
public struct LoadModePolicy: Sendable {
    public var memory: MemoryEstimate
    /// What is free to take now; `nil` where nobody tells.
    public var free: ByteCount?
    public var storage: SystemCapabilities.Storage?

    public init(memory: MemoryEstimate, free: ByteCount?, storage: SystemCapabilities.Storage?) {
        self.memory = memory
        self.free = free
        self.storage = storage
    }

    /// File systems whose pages come over a network or through another program: a page that is dropped may not come again, and an
    /// engine that touches it then dies of SIGBUS.
    private static let distant: Set<String> = [
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse", "fuseblk", "fuse.sshfs",
    ]

    /// Of what is free, the part that a load leaves to everybody else.
    private static let reserve = 0.1

    public func decide() -> LoadMode {
        if let name = storage?.filesystem?.lowercased(), Self.distant.contains(name) || name.hasPrefix("fuse.") {
            return copied("the disk is another machine's or program's (\(name)): its pages might not come again")
        }
        guard memory.repacked.bytes > 0 else {
            if storage?.isRotational == true, holds(copiedBytes) { return copied("the disk turns: it is read in one go") }
            return LoadMode(isMapped: true, isRepacking: true, reason: "mapped")
        }
        // Its rewritten copy must be held; the pages of the file need not.
        guard holds(memory.privateTotal.bytes) else {
            return LoadMode(
                isMapped: true, isRepacking: false,
                reason: "mapped, and the weights stay as they are: there is no room for a rewritten copy, so prompts are read slower")
        }
        if holds(memory.mapped.bytes + memory.privateTotal.bytes) {
            if storage?.isRotational == true { return copied("the disk turns: it is read in one go") }
            return LoadMode(isMapped: true, isRepacking: true, reason: "mapped, and rewritten for the processor")
        }
        guard holds(copiedBytes) else {
            return LoadMode(
                isMapped: true, isRepacking: false,
                reason: "mapped, and the weights stay as they are: there is no room for a copy, so prompts are read slower")
        }
        return copied("there is no room for the pages of the file beside their rewritten copy")
    }

    private var copiedBytes: Int64 { max(memory.mapped.bytes, memory.repacked.bytes) + memory.privateTotal.bytes - memory.repacked.bytes }

    private func copied(_ reason: String) -> LoadMode {
        let isRepacking = memory.repacked.bytes > 0 && holds(copiedBytes)
        return LoadMode(isMapped: false, isRepacking: isRepacking || memory.repacked.bytes == 0, reason: "copied: \(reason)")
    }

    private func holds(_ bytes: Int64) -> Bool {
        guard let free else { return true }
        return Double(bytes) <= Double(free.bytes) * (1 - Self.reserve)
    }
}
