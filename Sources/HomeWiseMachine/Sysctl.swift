// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

#if canImport(Darwin)
    import Darwin
    import HomeWiseDomain

    /// What macOS tells of the machine: `man 3 sysctl`; names as `sysctl -a` lists them.
    enum Sysctl {
        static func text(_ name: String) -> String? {
            var size = 0
            guard sysctlbyname(name, nil, &size, nil, 0) == 0, size > 1 else { return nil }
            var bytes = [UInt8](repeating: 0, count: size)
            guard sysctlbyname(name, &bytes, &size, nil, 0) == 0 else { return nil }
            return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }

        /// Numbers are four or eight bytes wide, the low ones first.
        static func number(_ name: String) -> Int64? {
            var value: Int64 = 0
            var size = MemoryLayout<Int64>.size
            return sysctlbyname(name, &value, &size, nil, 0) == 0 ? value : nil
        }

        static func cpu(architecture: String) -> SystemCapabilities.CPU {
            func count(_ name: String) -> Int? { number(name).flatMap { $0 > 0 ? Int(exactly: $0) : nil } }
            let isHybrid = count("hw.nperflevels") == 2
            return .init(
                architecture: architecture, model: text("machdep.cpu.brand_string"), physicalCores: count("hw.physicalcpu"),
                logicalCores: count("hw.logicalcpu") ?? 1, features: features, vendor: architecture == "arm64" ? "Apple" : "Intel",
                sockets: count("hw.packages"), performanceCores: isHybrid ? count("hw.perflevel0.physicalcpu") : nil,
                efficiencyCores: isHybrid ? count("hw.perflevel1.physicalcpu") : nil)
        }

        private static var features: [String] {
            let names = [
                ("hw.optional.sse4_2", "sse4.2"), ("hw.optional.avx1_0", "avx"), ("hw.optional.avx2_0", "avx2"),
                ("hw.optional.f16c", "f16c"), ("hw.optional.fma", "fma"), ("hw.optional.avx512f", "avx512f"),
                ("hw.optional.AdvSIMD", "neon"), ("hw.optional.arm.FEAT_FP16", "fp16"), ("hw.optional.arm.FEAT_DotProd", "dotprod"),
                ("hw.optional.arm.FEAT_I8MM", "i8mm"), ("hw.optional.arm.FEAT_BF16", "bf16"), ("hw.optional.arm.FEAT_SME", "sme"),
            ]
            return names.filter { number($0.0) == 1 }.map(\.1)
        }

        static func memory() -> SystemCapabilities.Memory {
            var swap = xsw_usage()
            var size = MemoryLayout<xsw_usage>.size
            let hasSwap = sysctlbyname("vm.swapusage", &swap, &size, nil, 0) == 0
            return .init(
                total: number("hw.memsize").map { ByteCount($0) }, available: available(),
                swapTotal: hasSwap ? Int64(exactly: swap.xsu_total).map { ByteCount($0) } : nil,
                swapFree: hasSwap ? Int64(exactly: swap.xsu_avail).map { ByteCount($0) } : nil)
        }

        /// Pages that are free, or that the system gives back when asked: what it calls inactive and purgeable.
        private static func available() -> ByteCount? {
            var statistics = vm_statistics64()
            var count = mach_msg_type_number_t(MemoryLayout<vm_statistics64>.size / MemoryLayout<integer_t>.size)
            let status = withUnsafeMutablePointer(to: &statistics) {
                $0.withMemoryRebound(to: integer_t.self, capacity: Int(count)) {
                    host_statistics64(mach_host_self(), HOST_VM_INFO64, $0, &count)
                }
            }
            guard status == KERN_SUCCESS, let page = number("hw.pagesize") else { return nil }
            let pages = Int64(statistics.free_count) + Int64(statistics.inactive_count) + Int64(statistics.purgeable_count)
            let (bytes, overflow) = pages.multipliedReportingOverflow(by: page)
            return overflow ? nil : ByteCount(bytes)
        }
    }
#endif
