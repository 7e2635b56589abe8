// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Servers, virtual machines and containers, after what such machines show.
extension Recording {
    private static let avx512 = "sse4_2 avx f16c avx2 fma bmi2 avx512f avx512dq avx512cd avx512bw avx512vl avx512_vnni"

    /// Two sockets, and a screen for remote management that is no GPU.
    static let xeonServer =
        x86(
            "Intel(R) Xeon(R) Gold 6448Y", vendor: "GenuineIntel",
            flags: avx512 + " avx512_bf16 avx512_fp16 amx_bf16 amx_tile amx_int8 avx_vnni",
            cores: (0..<2).flatMap { _ in (0..<2).flatMap { socket in (0..<32).map { (socket, $0) } } })
        + memory(total: 527_000_000, available: 500_000_000)
        + pci("0000:03:00.0", id: "1a03:2000", driver: "ast", card: 0)
        + Recording(files: ["sys/class/dmi/id/product_name": "To Be Filled By O.E.M.\n"])

    static let graviton =
        arm(
            implementer: "0x41", parts: Array(repeating: "0xd40", count: 64),
            features: "fphp asimdhp asimddp sve i8mm bf16") + memory(total: 129_000_000, available: 128_000_000)
        + Recording(files: ["sys/class/dmi/id/product_name": "c7g.16xlarge\n"])

    /// A virtual machine with a virtual screen.
    static let virtualMachine =
        x86("QEMU Virtual CPU version 2.5+", vendor: "AuthenticAMD", flags: "sse4_2", cores: [(0, 0), (1, 0)])
        + memory(total: 4_000_000, available: 3_000_000) + pci("0000:00:01.0", id: "1af4:1050", driver: "virtio-pci")
        + Recording(files: ["sys/class/drm/card0/device/uevent": "DRIVER=virtio_gpu\nMODALIAS=virtio:d00000010v00001AF4\n"])

    /// Windows' Linux: no firmware tables, no cards, a GPU that Windows lends.
    static let wsl =
        x86(
            "Intel(R) Core(TM) i9-10900K CPU @ 3.70GHz", vendor: "GenuineIntel", flags: "sse4_2 avx avx2 fma hypervisor",
            cores: (0..<10).flatMap { [(0, $0), (0, $0)] })
        + memory(total: 16_300_000, available: 14_000_000)
        + Recording(files: ["proc/version": "Linux version 5.15.153.1-microsoft-standard-WSL2\n", "dev/dxg": ""])

    /// Docker on a large host: `--memory 4g --cpus 2.5 --cpuset-cpus 0-3,16-19`.
    static let docker =
        x86(
            "AMD EPYC 7543 32-Core Processor", vendor: "AuthenticAMD", flags: "sse4_2 avx avx2 fma f16c",
            cores: (0..<2).flatMap { _ in (0..<16).map { (0, $0) } })
        + memory(total: 263_000_000, available: 200_000_000)
        + Recording(files: [
            "proc/self/cgroup": "0::/\n", "proc/self/status": "Name:\tcat\nCpus_allowed:\t000f000f\nCpus_allowed_list:\t0-3,16-19\n",
            "sys/fs/cgroup/memory.max": "4294967296\n", "sys/fs/cgroup/memory.high": "max\n",
            "sys/fs/cgroup/memory.current": "1294967296\n",
            "sys/fs/cgroup/memory.stat": "anon 900000000\nfile 394967296\ninactive_file 294967296\n",
            "sys/fs/cgroup/memory.pressure":
                "some avg10=25.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=5.00 avg60=0.00 avg300=0.00 total=0\n",
            "sys/fs/cgroup/cpu.max": "250000 100000\n",
            "proc/self/mountinfo": """
            1520 1460 0:52 / / rw,relatime master:385 - overlay overlay rw,lowerdir=/l1:/l2,upperdir=/u,workdir=/w
            1521 1520 0:55 / /proc rw,nosuid - proc proc rw
            1533 1520 259:2 /var/lib/docker/volumes/models/_data /models\\040of\\040mine ro,relatime - ext4 /dev/nvme0n1p2 rw

            """,
        ])

    /// A pod on a node with the old control groups: the paths are the host's, the mounts the pod's own.
    static let kubernetes =
        x86(
            "Intel(R) Xeon(R) CPU @ 2.20GHz", vendor: "GenuineIntel", flags: "sse4_2 avx avx2 fma",
            cores: (0..<8).flatMap { [(0, $0), (0, $0)] })
        + memory(total: 61_000_000, available: 40_000_000)
        + Recording(files: [
            "proc/self/cgroup": """
            11:memory:/kubepods/burstable/podaaaa/bbbb
            4:cpu,cpuacct:/kubepods/burstable/podaaaa/bbbb
            1:name=systemd:/kubepods/burstable/podaaaa/bbbb

            """,
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "8589934592\n", "sys/fs/cgroup/memory/memory.usage_in_bytes": "2589934592\n",
            "sys/fs/cgroup/memory/memory.stat": "inactive_file 0\nhierarchical_memory_limit 8589934592\ntotal_inactive_file 589934592\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "400000\n", "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        ])

    /// LXC shows a container its own cpuinfo and meminfo, with cores numbered anew.
    static let proxmox =
        x86("Intel(R) Core(TM) i5-8500T CPU @ 2.10GHz", vendor: "GenuineIntel", flags: "sse4_2 avx avx2 fma f16c", cores: [(0, 1), (0, 4)])
        + memory(total: 2_097_152, available: 1_900_000, swap: 524_288, swapFree: 524_288)
        + Recording(files: ["proc/self/cgroup": "0::/\n", "proc/self/status": "Cpus_allowed_list:\t1,4\n"])

    /// Two cards whose own driver is not installed.
    static let nouveau =
        x86(
            "AMD Ryzen 5 3600 6-Core Processor", vendor: "AuthenticAMD", flags: "sse4_2 avx avx2 fma",
            cores: (0..<6).flatMap { [(0, $0), (0, $0)] })
        + memory(total: 32_000_000, available: 30_000_000) + pci("0000:0a:00.0", id: "10de:2204", driver: "nouveau", card: 0)
        + pci("0000:0b:00.0", kind: "0x030200", id: "10de:2204", driver: nil)
        + pci("0000:0a:00.1", kind: "0x040300", id: "10de:1aef", driver: "snd_hda_intel")
        + names

    /// The kernel's half of the driver is here, the user's half is not; the second card belongs to a virtual machine.
    static let halfADriver =
        x86("AMD Ryzen 5 3600 6-Core Processor", vendor: "AuthenticAMD", flags: "sse4_2 avx avx2 fma", cores: [(0, 0), (0, 1)])
        + memory(total: 32_000_000, available: 30_000_000) + pci("0000:0a:00.0", id: "10de:2204", driver: "nvidia")
        + pci("0000:0b:00.0", id: "10de:2204", driver: "vfio-pci") + names

    /// A Radeon that is handed to a virtual machine, and an Intel GPU whose driver is switched off.
    static let idleCards =
        x86("Intel(R) Core(TM) i7-9700K", vendor: "GenuineIntel", flags: "sse4_2 avx avx2 fma", cores: [(0, 0), (0, 1)])
        + pci("0000:01:00.0", id: "1002:744c", driver: "vfio-pci") + pci("0000:00:02.0", id: "8086:46a6", driver: nil) + names

    /// 128 cores in two sockets, with two threads each.
    static let epyc =
        x86(
            "AMD EPYC 9554 64-Core Processor", vendor: "AuthenticAMD", flags: avx512,
            cores: (0..<2).flatMap { _ in (0..<2).flatMap { socket in (0..<64).map { (socket, $0) } } })
        + memory(total: 1_584_000_000, available: 1_500_000_000)

    /// All of them, by name.
    static let all: [(name: String, recording: Recording)] = [
        ("Intel hybrid", intelHybrid), ("Ryzen laptop", ryzenLaptop), ("Steam Deck", steamDeck), ("Radeon card", radeonCard),
        ("Arc card", arcCard), ("Raspberry Pi", raspberryPi), ("Asahi", asahi), ("Rockchip", rockchip), ("Xeon server", xeonServer),
        ("Graviton", graviton), ("virtual machine", virtualMachine), ("WSL", wsl), ("Docker", docker), ("Kubernetes", kubernetes),
        ("Proxmox", proxmox), ("nouveau", nouveau), ("half a driver", halfADriver), ("idle cards", idleCards), ("EPYC", epyc),
    ]
}
