// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// Asks the operating system what this machine is. The root is a parameter, so that recorded trees of other machines
/// can be read the same way.
package struct MachineProbe: Sendable {
    /// Folder that holds `proc` and `sys`.
    package var root: String
    /// Library that NVIDIA's driver brings; loaded at run time, absent on most machines.
    package var nvmlLibrary: String

    package init(root: String = "/", nvmlLibrary: String = "libnvidia-ml.so.1") {
        self.root = root.hasSuffix("/") ? root : root + "/"
        self.nvmlLibrary = nvmlLibrary
    }

    /// Never fails: what cannot be found out is `nil`, and a finding where that is worth knowing.
    ///
    /// - Parameter store: folder whose disk matters; it need not exist yet.
    package func capabilities(store: String) -> SystemCapabilities {
        let nvidia = NVML.read(library: nvmlLibrary)
        return SystemCapabilities(
            cpu: cpu(), memory: memory(), gpus: nvidia.gpus, storage: StorageProbe.storage(of: store), findings: nvidia.findings)
    }

    /// Text of a file under the root; `nil` where it is absent or not for us, which on /proc and /sys is an ordinary answer.
    func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: root + path).map { String(decoding: $0, as: UTF8.self) }
    }
}
