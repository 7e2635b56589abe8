// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Machines as people have them at home, after what such machines show.
extension Recording {
    private static let avx2 = "sse4_2 avx f16c avx2 fma bmi2"

    /// 4 fast cores with two threads each, 8 slow ones.
    static let intelHybrid =
        x86(
            "12th Gen Intel(R) Core(TM) i7-1260P", vendor: "GenuineIntel", flags: avx2 + " avx_vnni",
            cores: (0..<4).flatMap { [(0, $0 * 4), (0, $0 * 4)] } + (0..<8).map { (0, 32 + $0) })
        + memory(total: 16_106_352, available: 9_000_000, swap: 2_000_000, swapFree: 1_500_000)
        + Recording(files: [
            "sys/devices/cpu_core/cpus": "0-7\n", "sys/devices/cpu_atom/cpus": "8-15\n",
            "sys/devices/system/cpu/cpu0/cache/index0/level": "1\n", "sys/devices/system/cpu/cpu0/cache/index0/type": "Data\n",
            "sys/devices/system/cpu/cpu0/cache/index0/size": "48K\n", "sys/devices/system/cpu/cpu0/cache/index0/shared_cpu_list": "0-1\n",
            "sys/devices/system/cpu/cpu0/cache/index1/level": "1\n", "sys/devices/system/cpu/cpu0/cache/index1/type": "Instruction\n",
            "sys/devices/system/cpu/cpu0/cache/index1/size": "32K\n", "sys/devices/system/cpu/cpu0/cache/index1/shared_cpu_list": "0-1\n",
            "sys/devices/system/cpu/cpu0/cache/index3/level": "3\n", "sys/devices/system/cpu/cpu0/cache/index3/type": "Unified\n",
            "sys/devices/system/cpu/cpu0/cache/index3/size": "18432K\n",
            "sys/devices/system/cpu/cpu0/cache/index3/shared_cpu_list": "0-15\n",
            "sys/class/dmi/id/product_name": "21CBCTO1WW\n",
            "proc/pressure/memory": "some avg10=12.50 avg60=3.00 avg300=1.00 total=99\n"
                + "full avg10=2.00 avg60=1.00 avg300=0.10 total=50\n",
            "sys/class/drm/card0-eDP-1/status": "connected\n", "sys/class/drm/renderD128/dev": "226:128\n",
        ]) + pci("0000:00:02.0", id: "8086:46a6", driver: "i915", card: 0) + names

    static let ryzenLaptop =
        x86(
            "AMD Ryzen 7 7840U w/ Radeon  780M Graphics", vendor: "AuthenticAMD",
            flags: avx2 + " avx512f avx512bw avx512vl avx512_vnni avx512_bf16",
            cores: (0..<8).flatMap { [(0, $0), (0, $0)] }) + memory(total: 31_000_000, available: 25_000_000)
        + pci(
            "0000:c4:00.0", id: "1002:15bf", driver: "amdgpu", card: 1,
            [
                "revision": "0xc4\n", "mem_info_vram_total": "536870912\n", "mem_info_vram_used": "236870912\n",
                "mem_info_gtt_total": "16000000000\n", "mem_info_gtt_used": "100000000\n", "gpu_busy_percent": "37\n",
                "hwmon/hwmon5/temp1_input": "46000\n", "hwmon/hwmon5/power1_average": "9120000\n", "hwmon/hwmon5/in1_label": "vddnb\n",
                "power/runtime_status": "active\n",
            ]) + names

    static let steamDeck =
        x86("AMD Custom APU 0405", vendor: "AuthenticAMD", flags: avx2, cores: (0..<4).flatMap { [(0, $0), (0, $0)] })
        + memory(total: 11_800_000, available: 8_000_000)
        + pci(
            "0000:04:00.0", id: "1002:163f", driver: "amdgpu", card: 0,
            [
                "revision": "0xae\n", "mem_info_vram_total": "4294967296\n", "mem_info_vram_used": "300000000\n",
                "mem_info_gtt_total": "8000000000\n", "hwmon/hwmon4/in1_label": "vddnb\n", "hwmon/hwmon4/power1_input": "4000000\n",
            ]) + Recording(files: ["sys/class/dmi/id/product_name": "Jupiter\n"]) + names

    /// A gaming machine: a card, and the small GPU in the processor.
    static let radeonCard =
        x86("AMD Ryzen 9 7950X 16-Core Processor", vendor: "AuthenticAMD", flags: avx2, cores: (0..<16).flatMap { [(0, $0), (0, $0)] })
        + memory(total: 65_000_000, available: 50_000_000)
        + pci(
            "0000:16:00.0", id: "1002:164e", driver: "amdgpu", card: 0,
            ["mem_info_vram_total": "536870912\n", "hwmon/hwmon3/in1_label": "vddnb\n"])
        + pci(
            "0000:03:00.0", id: "1002:744c", driver: "amdgpu", card: 1,
            [
                "revision": "0xc8\n", "mem_info_vram_total": "25753026560\n", "mem_info_vram_used": "1753026560\n",
                "mem_info_gtt_total": "33000000000\n", "mem_busy_percent": "0\n", "gpu_busy_percent": "3\n",
                "hwmon/hwmon2/temp1_input": "41000\n", "hwmon/hwmon2/power1_average": "21000000\n", "hwmon/hwmon2/in0_label": "vddgfx\n",
            ]) + names

    static let arcCard =
        x86("13th Gen Intel(R) Core(TM) i5-13400F", vendor: "GenuineIntel", flags: avx2, cores: (0..<6).flatMap { [(0, $0), (0, $0)] })
        + memory(total: 32_000_000, available: 20_000_000)
        + pci(
            "0000:03:00.0", id: "8086:56a0", driver: "xe", card: 0,
            ["tile0/physical_vram_size_bytes": "17079205888\n", "hwmon/hwmon3/temp2_input": "52000\n"]) + names

    static let raspberryPi =
        arm(
            implementer: "0x41", parts: Array(repeating: "0xd0b", count: 4), features: "fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp",
            board: "Revision\t: d04170\nSerial\t\t: 1000000012345678\nModel\t\t: Raspberry Pi 5 Model B Rev 1.0\n")
        + memory(total: 8_250_000, available: 7_000_000)
        + Recording(files: ["proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0"])
        + board(card: 0, driver: "v3d", compatible: "brcm,2712-v3d") + board(card: 1, driver: "vc4-drm", compatible: "brcm,bcm2712-vc6")

    /// Linux on a MacBook Air.
    static let asahi =
        arm(
            implementer: "0x61", parts: Array(repeating: "0x022", count: 4) + Array(repeating: "0x023", count: 4),
            features: "fphp asimdhp asimddp") + memory(total: 7_800_000, available: 5_000_000)
        + Recording(
            files: Dictionary(
                uniqueKeysWithValues: (0..<8).map { ("sys/devices/system/cpu/cpu\($0)/cpu_capacity", $0 < 4 ? "459\n" : "1024\n") }
            )
            .merging(["proc/device-tree/model": "Apple MacBook Air (M1, 2020)\0"]) { $1 })
        + board(card: 0, driver: "apple-drm", compatible: "apple,display-subsystem")
        + board(card: 1, driver: "asahi", compatible: "apple,agx-g13g")

    /// A board with cores of two designs and a Mali GPU.
    static let rockchip =
        arm(
            implementer: "0x41", parts: Array(repeating: "0xd05", count: 4) + Array(repeating: "0xd0b", count: 4),
            features: "asimdhp asimddp")
        + memory(total: 16_000_000, available: 15_000_000)
        + Recording(
            files: Dictionary(
                uniqueKeysWithValues: (0..<8).map { ("sys/devices/system/cpu/cpu\($0)/cpu_capacity", $0 < 4 ? "530\n" : "1024\n") }))
        + board(card: 0, driver: "rockchip-drm", compatible: "rockchip,display-subsystem")
        + board(card: 1, driver: "panthor", compatible: "rockchip,rk3588-mali")
}
