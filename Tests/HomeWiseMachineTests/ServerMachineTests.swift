// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseMachine

@Suite(.temporaryFolder) struct ServerMachineTests {
    private func read(_ recording: Recording) throws -> SystemCapabilities { try recording.probe().capabilities(store: "/") }

    @Test func aServerWithTwoSocketsCountsBoth() throws {
        let machine = try read(.xeonServer)
        #expect(machine.cpu.sockets == 2 && machine.cpu.physicalCores == 64 && machine.cpu.logicalCores == 128)
        #expect(Set(["avx512_vnni", "avx512_fp16", "amx", "amx_int8", "amx_bf16"]).isSubset(of: machine.cpu.features))
        #expect(machine.gpus.isEmpty && machine.findings.isEmpty && machine.product == nil)
    }

    @Test func aGravitonIsNamedAndHasACoreForEachProcessor() throws {
        let machine = try read(.graviton)
        #expect(machine.cpu.model == "Neoverse V1" && machine.cpu.physicalCores == 64 && machine.cpu.usableCores == 64)
        #expect(machine.cpu.features == ["neon", "fp16", "dotprod", "i8mm", "bf16", "sve"])
    }

    @Test func manyCoresAreReadOnce() throws {
        let cpu = try read(.epyc).cpu
        #expect(cpu.physicalCores == 128 && cpu.logicalCores == 256 && cpu.sockets == 2)
    }

    @Test func aVirtualScreenIsNoGPU() throws {
        let machine = try read(.virtualMachine)
        #expect(machine.gpus.isEmpty && machine.findings.isEmpty && machine.cpu.physicalCores == 2)
    }

    @Test func windowsGPUIsAFindingWhereNothingTellsOfIt() throws {
        let machine = try read(.wsl)
        #expect(machine.gpus.isEmpty && machine.findings.count == 1 && machine.product == nil)
        #expect(machine.findings.first?.contains("WSL") == true)
    }

    @Test func aContainerMayUseWhatItsLimitsLeave() throws {
        let machine = try read(.docker)
        #expect(machine.cpu.physicalCores == 16 && machine.cpu.allowedCores == 4 && machine.cpu.quotaCores == 2.5)
        #expect(machine.cpu.usableCores == 2.5 && machine.memory.ceiling == ByteCount(4_294_967_296))
        #expect(machine.memory.free == ByteCount(3_294_967_296) && machine.memory.limitPressure == .init(some: 0.25, full: 0.05))
    }

    @Test func aCpusetLimitsTheUsableCores() throws {
        let unlimited = Recording(files: ["sys/fs/cgroup/cpu.max": "max 100000\n"])
        #expect(try read(.docker + unlimited).cpu.usableCores == 4)
    }

    @Test func theSoftLimitCountsWhereItIsTighter() throws {
        let soft = Recording(files: ["sys/fs/cgroup/memory.high": "3000000000\n"])
        #expect(try read(.docker + soft).memory.limit == ByteCount(3_000_000_000))
    }

    @Test func aPodFindsItsLimitsAtTheRootOfItsMounts() throws {
        let machine = try read(.kubernetes)
        #expect(machine.cpu.quotaCores == 4 && machine.memory.limit == ByteCount(8_589_934_592))
        #expect(machine.memory.free == ByteCount(6_589_934_592))
    }

    @Test func coresThatLXCNumbersAnewAreAllAllowed() throws {
        let machine = try read(.proxmox)
        #expect(machine.cpu.physicalCores == 2 && machine.cpu.allowedCores == nil && machine.memory.total == ByteCount(2_147_483_648))
    }

    @Test("SUP-03 a card without its maker's driver is a finding, and no GPU") func nouveau() throws {
        let machine = try read(.nouveau)
        #expect(machine.gpus.isEmpty && machine.findings.count == 2)
        #expect(
            machine.findings.first?.hasPrefix("An NVIDIA card is here (NVIDIA GeForce RTX 3090 at 0000:0a:00.0), but its driver is nouveau")
                == true)
        #expect(machine.findings.last?.contains("no driver serves it") == true)
    }

    @Test("SUP-03 a driver without its library, and a card lent to a virtual machine, are findings") func halfADriver() throws {
        let machine = try read(.halfADriver)
        #expect(machine.gpus.isEmpty && machine.findings.count == 2)
        #expect(machine.findings.first?.contains("library libhomewise-no-such-library.so cannot be loaded") == true)
        #expect(machine.findings.last?.contains("reserved for virtual machines") == true)
    }

    @Test func cardsThatNoDriverServesAreFindings() throws {
        let machine = try read(.idleCards)
        #expect(machine.gpus.isEmpty && machine.findings.count == 2)
        #expect(
            machine.findings.contains { $0.hasPrefix("An AMD card is here (AMD Radeon RX 7900 XT/7900 XTX") && $0.contains("vfio-pci") })
        #expect(machine.findings.contains { $0.hasPrefix("An Intel card is here") && $0.contains("no driver serves it") })
    }
}

/// Recordings that broke off, or hold something else altogether.
@Suite(.temporaryFolder) struct BrokenRecordingTests {
    @Test(arguments: Recording.all.map(\.name), [0, 1, 7, 40, 111]) func aTruncatedTreeIsUnknownAndNoCrash(_ name: String, _ length: Int)
        throws
    {
        var recording = try #require(Recording.all.first { $0.name == name }?.recording)
        recording.files = recording.files.mapValues { String($0.prefix(length)) }
        let machine = try recording.probe().capabilities(store: "/")
        #expect(machine.cpu.logicalCores >= 1 && machine.memory.total.map { $0.bytes > 0 } ?? true)
    }

    @Test(
        arguments: Recording.all.map(\.name),
        ["\u{0}\u{0}\u{0}", "-1\n", "99999999999999999999999\n", "::::,,--\n", "\u{fffd}=: \n\n\n", "0x\n"])
    func garbageIsUnknownAndNoCrash(_ name: String, _ garbage: String) throws {
        var recording = try #require(Recording.all.first { $0.name == name }?.recording)
        recording.files = recording.files.mapValues { _ in garbage }
        let machine = try recording.probe().capabilities(store: "/")
        #expect(machine.memory.total == nil && machine.memory.swapTotal == nil && machine.memory.pressure == nil)
        #expect(machine.cpu.model == nil && machine.cpu.caches == nil && machine.cpu.quotaCores == nil && machine.cpu.features.isEmpty)
        #expect(machine.gpus.allSatisfy { $0.memoryTotal == nil && $0.temperature == nil && $0.utilisation == nil })
    }

    @Test func numbersAtTheEdgeDoNotOverflow() throws {
        let machine = try Recording(files: [
            "proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/memory.max": "9223372036854775806\n", "sys/fs/cgroup/memory.current": "0\n",
            "sys/fs/cgroup/memory.stat": "inactive_file 9223372036854775807\n", "sys/fs/cgroup/cpu.max": "1 0\n",
        ]).probe().capabilities(store: "/")
        #expect(machine.memory.limitAvailable == ByteCount(9_223_372_036_854_775_806) && machine.cpu.quotaCores == nil)
    }

    @Test func tilesThatOverflowAreUnknown() throws {
        let huge = Recording(files: [
            "sys/bus/pci/devices/0000:03:00.0/tile0/physical_vram_size_bytes": "9223372036854775807\n",
            "sys/bus/pci/devices/0000:03:00.0/tile1/physical_vram_size_bytes": "9223372036854775807\n",
        ])
        #expect(try (Recording.arcCard + huge).probe().graphics().gpus.first?.memoryTotal == nil)
    }

    @Test func aCardWithoutAnEventFileIsReadFromItsOtherFiles() throws {
        let card = Recording(
            files: [
                "sys/class/drm/card0/device/vendor": "0x1002\n", "sys/class/drm/card0/device/device": "0x744c\n",
                "sys/class/drm/card0/device/mem_info_vram_total": "1000\n", "sys/class/drm/card0/device/mem_info_vram_used": "2000\n",
            ], links: ["sys/class/drm/card0/device/driver": "../../../../bus/pci/drivers/amdgpu"])
        let gpu = try #require(try card.probe().graphics().gpus.first)
        #expect(gpu.kind == .rocm && gpu.pciID == "1002:744c" && gpu.memoryTotal == ByteCount(1000))
        #expect(gpu.memoryFree == nil && gpu.memoryUsed == nil)
    }
}
