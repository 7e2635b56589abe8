// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// What a running process really takes of memory.
package struct ProcessMemory: Sendable, Equatable {
    /// All its pages that are in memory, shared ones included.
    package var resident: ByteCount
    /// The part that no file backs: it can not be dropped.
    package var anonymous: ByteCount

    /// - Returns: `nil` when the process is gone or not ours.
    package init?(pid: Int32, probe: MachineProbe = MachineProbe()) {
        guard let text = probe.text("proc/\(pid)/smaps_rollup"), let resident = MachineProbe.field("Rss", in: text),
            let anonymous = MachineProbe.field("Anonymous", in: text)
        else { return nil }
        self.resident = resident
        self.anonymous = anonymous
    }
}
