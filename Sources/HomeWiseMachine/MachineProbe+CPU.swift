// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

extension MachineProbe {
    package func cpu() -> SystemCapabilities.CPU {
        let info = CPUInfo(text("proc/cpuinfo") ?? "")
        let online = text("sys/devices/system/cpu/online").flatMap { CPUInfo.countOfList($0) }
        return .init(
            architecture: Self.architecture, model: info.model, physicalCores: info.physicalCores,
            logicalCores: max(1, online ?? info.processors), quotaCores: quotaCores(), features: info.features)
    }

    static var architecture: String {
        #if arch(x86_64)
            "x86_64"
        #elseif arch(arm64)
            "arm64"
        #else
            "unknown"
        #endif
    }

    /// Cores that this process's cgroup may use: the tightest quota on the way up to the root.
    func quotaCores() -> Double? {
        cgroup.levels(of: "cpu").compactMap { folder -> Double? in
            if let max = text(folder + "/cpu.max")?.split(whereSeparator: \.isWhitespace), max.count == 2 {
                guard let quota = Double(max[0]), let period = Double(max[1]), period > 0 else { return nil }
                return quota / period
            }
            guard let quota = text(folder + "/cpu.cfs_quota_us").flatMap({ Double($0.trimmed) }), quota > 0,
                let period = text(folder + "/cpu.cfs_period_us").flatMap({ Double($0.trimmed) }), period > 0
            else { return nil }
            return quota / period
        }.min()
    }
}

/// What `/proc/cpuinfo` says. Pure: fed with text, so that recordings of other machines can be read.
struct CPUInfo {
    var model: String?
    var processors = 0
    var physicalCores: Int?
    var features: [String] = []

    init(_ text: String) {
        var cores: Set<String> = []
        var socket = "0"
        for line in text.split(separator: "\n") {
            let halves = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            guard let key = halves.first else { continue }
            let value = halves.count == 2 ? halves[1] : ""
            switch key {
            case "processor": processors += 1
            case "physical id": socket = value
            case "core id": cores.insert(socket + "/" + value)
            case "model name", "Model": model = model ?? value
            case "flags", "Features": if features.isEmpty { features = Self.known(in: value) }
            default: break
            }
        }
        physicalCores = cores.isEmpty ? nil : cores.count
    }

    /// Extensions that ggml has kernels for, as cpuinfo spells them, and as engines do.
    private static let names: [(flag: String, name: String)] = [
        ("sse4_2", "sse4.2"), ("avx", "avx"), ("avx2", "avx2"), ("f16c", "f16c"), ("fma", "fma"), ("avx_vnni", "avx_vnni"),
        ("avx512f", "avx512f"), ("avx512bw", "avx512bw"), ("avx512vl", "avx512vl"), ("avx512_vnni", "avx512_vnni"),
        ("avx512_bf16", "avx512_bf16"), ("amx_tile", "amx"), ("amx_int8", "amx_int8"), ("asimd", "neon"), ("asimddp", "dotprod"),
        ("i8mm", "i8mm"), ("sve", "sve"),
    ]

    private static func known(in flags: String) -> [String] {
        let present = Set(flags.split(separator: " ").map(String.init))
        return names.filter { present.contains($0.flag) }.map(\.name)
    }

    /// “0-3,8” is five.
    static func countOfList(_ text: String) -> Int? {
        var count = 0
        for part in text.trimmed.split(separator: ",") {
            let ends = part.split(separator: "-").map { Int($0) }
            guard let first = ends.first.flatMap({ $0 }), let last = ends.last.flatMap({ $0 }), last >= first, last < 65_536 else {
                return nil
            }
            count += last - first + 1
        }
        return count > 0 ? count : nil
    }
}

extension StringProtocol {
    var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
