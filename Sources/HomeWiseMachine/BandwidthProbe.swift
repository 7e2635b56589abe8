// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation

/// Measures how fast all usable cores together read memory: the pace of a model that writes.
package enum BandwidthProbe {
    /// Larger than the caches of ordinary machines.
    private static let bytesPerThread = 96 << 20

    /// - Returns: bytes per second, the best of a few rounds (other programs can only slow a round down); about 0.1 s.
    package static func measure(threads: Int) -> Double? {
        let buffers = (0..<max(1, threads)).map { _ in Buffer(bytes: bytesPerThread) }
        DispatchQueue.concurrentPerform(iterations: buffers.count) { buffers[$0].fill() }
        var best = 0.0
        for _ in 0..<3 {
            let start = DispatchTime.now().uptimeNanoseconds
            DispatchQueue.concurrentPerform(iterations: buffers.count) { buffers[$0].read() }
            let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
            best = max(best, Double(buffers.count * bytesPerThread) / seconds)
        }
        return best > 0 ? best : nil
    }

    /// Each instance is touched by one thread at a time: `concurrentPerform` gives every index to one thread and
    /// returns when all are done, which is the proof for `@unchecked`.
    private final class Buffer: @unchecked Sendable {
        private let memory: UnsafeMutableRawBufferPointer

        init(bytes: Int) { memory = .allocate(byteCount: bytes, alignment: 64) }
        deinit { memory.deallocate() }

        func fill() { memory.initializeMemory(as: UInt8.self, repeating: 1) }

        /// Looks for a byte that is not there: the system's own search is the fastest reader at hand, and the same in
        /// every build of ours.
        func read() {
            precondition(memchr(memory.baseAddress!, 2, memory.count) == nil)
        }
    }
}
