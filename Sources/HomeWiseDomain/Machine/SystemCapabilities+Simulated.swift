// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation

extension SystemCapabilities {
    /// A machine in a few words, to plan for: “16GB, 8 cores, RTX 3060 12GB, 100GB disk, 50GB/s”.
    ///
    /// - Parameter base: what is not said is taken from here.
    /// - Throws: `Failure.badInput` naming the part that cannot be read.
    public init(simulating text: String, like base: SystemCapabilities) throws {
        self = base
        gpus = []
        engineDevices = nil
        findings = []
        // What two channels of ordinary memory give, where nothing is said.
        (memory.limit, memory.limitAvailable, memory.bandwidth) = (nil, nil, 40e9)
        (cpu.allowedCores, cpu.performanceCores, cpu.efficiencyCores, cpu.sockets) = (nil, nil, nil, nil)
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimmingCharacters(in: .whitespaces) }
        guard !parts.isEmpty, parts.allSatisfy({ !$0.isEmpty }) else { throw Self.unreadable(text) }
        for part in parts { try take(part) }
    }

    private mutating func take(_ part: String) throws {
        let lower = part.lowercased()
        if lower.hasSuffix("/s") {
            memory.bandwidth = try Double(ByteCount(parsing: lower.dropLast(2)).bytes)
        } else if lower.hasSuffix("cores") || lower.hasSuffix("core") {
            guard let count = Int(lower.prefix { $0.isNumber }), (1...4096).contains(count) else { throw Self.unreadable(part) }
            (cpu.physicalCores, cpu.logicalCores, cpu.quotaCores) = (count, count, nil)
        } else if lower.hasSuffix("disk") {
            let size = try ByteCount(parsing: lower.dropLast(4))
            storage = Storage(path: storage?.path ?? "/", free: size, total: size)
        } else if let size = try? ByteCount(parsing: part) {
            (memory.total, memory.available) = (size, size)
        } else {
            try takeGPU(part)
        }
    }

    /// A name and, behind it, its memory.
    private mutating func takeGPU(_ part: String) throws {
        guard let space = part.lastIndex(of: " "), let size = try? ByteCount(parsing: part[space...]) else { throw Self.unreadable(part) }
        let name = String(part[..<space])
        let kind: GPUKind = name.contains("RX ") ? .rocm : name.contains("Arc") ? .intel : name.hasPrefix("M") ? .metal : .cuda
        gpus.append(GPU(kind: kind, name: name, memoryTotal: size, memoryFree: size))
    }

    private static func unreadable(_ part: String) -> Failure {
        .badInput(
            "“\(part.prefix(60))” describes no part of a machine.",
            remedy: "Write for example: 16GB, 8 cores, RTX 3060 12GB, 100GB disk, 50GB/s")
    }
}
