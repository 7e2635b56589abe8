// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseMachine

@Suite(.temporaryFolder) struct ProcessorTests {
    private static func cpuinfo(sockets: Int, cores: Int, threads: Int, flags: String) -> String {
        (0..<sockets).flatMap { socket in
            (0..<cores).flatMap { core in
                (0..<threads).map { _ in
                    "processor\t: 0\nmodel name\t: Test CPU\nphysical id\t: \(socket)\ncore id\t\t: \(core)\nflags\t\t: \(flags)\n"
                }
            }
        }.joined(separator: "\n")
    }

    @Test func countsCoresAcrossSocketsAndThreads() throws {
        let cpu = try machine(["proc/cpuinfo": Self.cpuinfo(sockets: 2, cores: 8, threads: 2, flags: "fpu sse4_2 avx avx2 f16c fma")]).cpu()
        #expect(cpu.physicalCores == 16 && cpu.logicalCores == 32 && cpu.model == "Test CPU")
        #expect(cpu.features == ["sse4.2", "avx", "avx2", "f16c", "fma"])
    }

    @Test func readsAnArmMachineThatNamesNoCores() throws {
        let text = (0..<4).map { "processor\t: \($0)\nFeatures\t: fp asimd asimddp i8mm\nCPU part\t: 0xd0b\n" }.joined(separator: "\n")
        let cpu = try machine(["proc/cpuinfo": text, "sys/devices/system/cpu/online": "0-3\n"]).cpu()
        #expect(cpu.physicalCores == nil && cpu.logicalCores == 4 && cpu.features == ["neon", "dotprod", "i8mm"])
    }

    @Test func threadsOfAnArmCoreAreNoCores() throws {
        var recording = Recording.arm(implementer: "0x43", parts: Array(repeating: "0x0af", count: 8), features: "")
        recording.files["sys/devices/system/cpu/smt/active"] = "1\n"
        recording.files["sys/devices/system/cpu/cpu0/topology/thread_siblings_list"] = "0-3\n"
        let cpu = try recording.probe().cpu()
        #expect(cpu.model == "ThunderX2" && cpu.vendor == "Cavium" && cpu.physicalCores == 2 && cpu.logicalCores == 8)
    }

    @Test func coresOfTwoDesignsAreAlikeWhereTheirStrengthIsNotSaid() throws {
        let cpu = try Recording.arm(implementer: "0x41", parts: ["0xd05", "0xd0b"], features: "").probe().cpu()
        #expect(cpu.performanceCores == nil && cpu.efficiencyCores == nil && cpu.model == "Cortex-A55 + Cortex-A76")
    }

    @Test func aDesignThatIsNewerThanTheTableIsUnknown() throws {
        let cpu = try Recording.arm(implementer: "0x41", parts: ["0xfff"], features: "").probe().cpu()
        #expect(cpu.model == nil && cpu.vendor == "Arm")
    }

    @Test func anEmptyMachineIsUnknownAndNoCrash() throws {
        let probe = try machine([:])
        #expect(probe.cpu().model == nil && probe.cpu().logicalCores == 1 && probe.cpu().physicalCores == nil)
        #expect(probe.memory() == SystemCapabilities.Memory())
    }

    @Test(.timeLimit(.minutes(1))) func aPipeInPlaceOfAFileIsNotWaitedFor() throws {
        let probe = try machine(["proc/version": ""])
        #expect(mkfifo(probe.root + "proc/cpuinfo", 0o600) == 0)
        #expect(probe.cpu().model == nil)
    }

    @Test(arguments: [("0-3\n", 4), ("0,2,4-5", 4), ("", nil), ("3-1", nil), ("x", nil), ("0-99999999", nil)] as [(String, Int?)])
    func readsLists(_ text: String, _ count: Int?) { #expect(CPUList(text)?.count == count) }

    @Test func theTightestQuotaOnTheWayUpCounts() throws {
        let probe = try machine([
            "proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/cpu.max": "150000 100000\n", "sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
        ])
        #expect(probe.cpu().quotaCores == 1.5)
    }

    @Test func readsQuotasOfVersionOne() throws {
        let probe = try machine([
            "proc/self/cgroup": "4:cpu,cpuacct:/docker/x\n2:memory:/docker/x\n", "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "200000\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        ])
        #expect(probe.cpu().quotaCores == 2)
    }
}

@Suite(.temporaryFolder) struct MemoryTests {
    private static let meminfo = "MemTotal:       16000000 kB\nMemFree:  1 kB\nMemAvailable:    8000000 kB\n"

    @Test func readsTotalAndAvailable() throws {
        let memory = try machine(["proc/meminfo": Self.meminfo]).memory()
        #expect(memory.total == ByteCount(16_384_000_000) && memory.free == ByteCount(8_192_000_000) && memory.limit == nil)
    }

    @Test func aContainersLimitAndItsReclaimablePagesCount() throws {
        let memory = try machine([
            "proc/meminfo": Self.meminfo, "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "4000000000\n",
            "sys/fs/cgroup/memory.current": "3000000000\n", "sys/fs/cgroup/memory.stat": "anon 1\ninactive_file 500000000\n",
        ]).memory()
        #expect(memory.ceiling == ByteCount(4_000_000_000) && memory.free == ByteCount(1_500_000_000))
    }

    @Test func aLimitAboveTheMachineIsNone() throws {
        let memory = try machine([
            "proc/meminfo": Self.meminfo, "proc/self/cgroup": "3:memory:/\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        ]).memory()
        #expect(memory.limit == nil)
    }

    @Test(arguments: ["MemTotal:", "MemTotal: x kB", "MemTotal: -5 kB", "MemTotal: 9223372036854775807 kB"])
    func garbageIsUnknown(_ text: String) { #expect(MachineProbe.field("MemTotal", in: text) == nil) }
}

@Suite(.temporaryFolder) struct LoadTests {
    @Test func beginsOnlyWhereTheSystemCountsBusyTime() throws {
        #expect(LoadProbe(try machine([:])) == nil)
        #expect(LoadProbe(try machine(["proc/stat": "cpu  1 2 3\n"])) == nil)
        #expect(LoadProbe(try machine(["proc/stat": "cpu  1 2 3 4 5 6 7 8 0 0\n"])) != nil)
    }

    @Test func ourOwnWorkIsNotTheOthers() {
        let first = LoadProbe.Sample(busy: 100, stolen: 5, own: 10, time: 1)
        let last = LoadProbe.Sample(busy: 103, stolen: 5.5, own: 11, time: 3)
        #expect(LoadProbe.load(from: first, to: last) == .init(others: 1, stolen: 0.25))
        #expect(LoadProbe.load(from: first, to: first) == nil)
    }
}

@Suite struct ThisMachineTests {
    @Test func tellsOfTheMachineTheTestsRunOn() {
        let machine = MachineProbe().capabilities(store: "/nonexistent/deeper")
        #expect(machine.cpu.logicalCores == ProcessInfo.processInfo.activeProcessorCount)
        #expect(machine.memory.total.map { $0.bytes > 100_000_000 } ?? false)
        #expect(machine.storage?.free != nil)
        #expect(ProcessMemory(pid: getpid()).map { $0.resident > $0.anonymous } ?? false)
    }

    @Test func theSpecificationsNamesTellTheSame() {
        let machine = SystemCapabilities(
            cpu: .init(architecture: "x86_64", physicalCores: 4, logicalCores: 8, features: ["avx2"]),
            memory: .init(available: ByteCount(5)),
            gpus: [
                .init(kind: .metal, memoryTotal: ByteCount(7)), .init(kind: .cuda, memoryTotal: ByteCount(8), cudaVersion: "12.4"),
            ], storage: .init(path: "/", free: ByteCount(9), total: nil))
        #expect(machine.cpuCores == 4 && machine.cpuFeatures == ["avx2"] && machine.availableRAM == ByteCount(5))
        #expect(machine.gpuType == .metal && machine.gpuMemory == ByteCount(7) && machine.cudaVersion == "12.4")
        #expect(machine.metalSupport && machine.availableDiskSpace == ByteCount(9))
    }

    @Test func bandwidthIsThatOfAComputer() throws {
        let rate = try #require(BandwidthProbe.measure(threads: 1))
        #expect((0.2e9...2000e9).contains(rate))
    }
}

@Suite struct PipTests {
    @Test func theEnvironmentOutranksTheConfiguration() async throws {
        let url = try await PipConfiguration(environment: ["PIP_INDEX_URL": "http://127.0.0.1:9/simple//"]).indexURL()
        #expect(url == "http://127.0.0.1:9/simple")
    }

    @Test func pipItselfTellsItsDefault() async throws {
        let environment = ProcessInfo.processInfo.environment.filter { $0.key != "PIP_INDEX_URL" }
        #expect(try await PipConfiguration(environment: environment).indexURL().hasPrefix("http"))
    }
}
