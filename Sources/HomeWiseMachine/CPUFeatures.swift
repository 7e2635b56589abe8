// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Instruction set extensions that engines have kernels for.
enum CPUFeatures {
    /// As Linux spells them (arch/x86/include/asm/cpufeatures.h, arch/arm64/kernel/cpuinfo.c), and as engines do.
    private static let names: [(flag: String, name: String)] = [
        ("sse4_2", "sse4.2"), ("avx", "avx"), ("avx2", "avx2"), ("f16c", "f16c"), ("fma", "fma"), ("bmi2", "bmi2"),
        ("avx_vnni", "avx_vnni"), ("avx512f", "avx512f"), ("avx512cd", "avx512cd"), ("avx512dq", "avx512dq"), ("avx512bw", "avx512bw"),
        ("avx512vl", "avx512vl"), ("avx512vbmi", "avx512_vbmi"), ("avx512_vbmi2", "avx512_vbmi2"), ("avx512_vnni", "avx512_vnni"),
        ("avx512_bf16", "avx512_bf16"), ("avx512_fp16", "avx512_fp16"), ("amx_tile", "amx"), ("amx_int8", "amx_int8"),
        ("amx_bf16", "amx_bf16"), ("asimd", "neon"), ("asimdhp", "fp16"), ("asimddp", "dotprod"), ("i8mm", "i8mm"), ("bf16", "bf16"),
        ("sve", "sve"), ("sve2", "sve2"), ("sme", "sme"),
    ]

    /// - Parameter flags: words, as cpuinfo lists them.
    static func known(in flags: String) -> [String] {
        let present = Set(flags.split(separator: " "))
        return names.filter { present.contains($0.flag[...]) }.map(\.name)
    }
}
