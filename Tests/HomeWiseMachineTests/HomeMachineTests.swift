// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseMachine

private typealias GPU = SystemCapabilities.GPU

@Suite(.temporaryFolder) struct HomeMachineTests {
    private func read(_ recording: Recording) throws -> SystemCapabilities { try recording.probe().capabilities(store: "/") }

    @Test func anIntelHybridHasTwoKindsOfCores() throws {
        let machine = try read(.intelHybrid)
        #expect(machine.cpu.vendor == "Intel" && machine.cpu.sockets == 1 && machine.product == "21CBCTO1WW")
        #expect(machine.cpu.physicalCores == 12 && machine.cpu.logicalCores == 16)
        #expect(machine.cpu.performanceCores == 4 && machine.cpu.efficiencyCores == 8)
        #expect(machine.cpu.features == ["sse4.2", "avx", "avx2", "f16c", "fma", "bmi2", "avx_vnni"])
    }

    @Test func coresThatSaveEvenMoreAreSlowOnesToo() throws {
        let low = Recording(files: ["sys/devices/cpu_atom/cpus": "8-13\n", "sys/devices/cpu_lowpower/cpus": "14-15\n"])
        let cpu = try read(.intelHybrid + low).cpu
        #expect(cpu.performanceCores == 4 && cpu.efficiencyCores == 8)
    }

    @Test func aConnectorIsNoCard() throws { #expect(try Recording.intelHybrid.probe().graphicsCards().count == 1) }

    @Test func cachesAreThoseOfTheFirstCore() throws {
        #expect(
            try read(.intelHybrid).cpu.caches == [
                .init(level: 1, content: .data, size: ByteCount(48 << 10), sharedBy: 2),
                .init(level: 1, content: .instructions, size: ByteCount(32 << 10), sharedBy: 2),
                .init(level: 3, content: .unified, size: ByteCount(18 << 20), sharedBy: 16),
            ])
    }

    @Test func swapAndPressureAreRead() throws {
        let memory = try read(.intelHybrid).memory
        #expect(memory.swapTotal == ByteCount(2_048_000_000) && memory.swapFree == ByteCount(1_536_000_000))
        #expect(memory.pressure == .init(some: 0.125, full: 0.02) && memory.limitPressure == nil)
    }

    @Test func anIntegratedIntelGPUWorksInTheMachinesMemory() throws {
        let machine = try read(.intelHybrid)
        #expect(
            machine.gpus == [
                GPU(
                    kind: .intel, name: "Intel Iris Xe Graphics", driver: "i915", memoryIsShared: true, pciID: "8086:46a6",
                    pciAddress: "0000:00:02.0")
            ])
        #expect(machine.findings.isEmpty)
    }

    @Test func anIntegratedRadeonHasABudgetBesideItsOwnMemory() throws {
        #expect(
            try read(.ryzenLaptop).gpus == [
                GPU(
                    kind: .rocm, name: "AMD Radeon 780M Graphics", memoryTotal: ByteCount(536_870_912), memoryFree: ByteCount(300_000_000),
                    driver: "amdgpu", memoryUsed: ByteCount(236_870_912), memoryIsShared: true,
                    sharedMemoryTotal: ByteCount(16_000_000_000),
                    sharedMemoryUsed: ByteCount(100_000_000), temperature: 46, power: 9.12, utilisation: 0.37, pciID: "1002:15bf",
                    pciAddress: "0000:c4:00.0")
            ])
    }

    @Test func aSleepingCardIsNotWoken() throws {
        let asleep = Recording(files: ["sys/bus/pci/devices/0000:c4:00.0/power/runtime_status": "suspended\n"])
        let gpu = try #require(try read(.ryzenLaptop + asleep).gpus.first)
        #expect(gpu.temperature == nil && gpu.power == nil && gpu.utilisation == nil && gpu.memoryTotal != nil)
    }

    @Test func aSteamDeckTellsItsPowerUnderAnotherName() throws {
        let machine = try read(.steamDeck)
        let gpu = try #require(machine.gpus.first)
        #expect(machine.product == "Jupiter" && gpu.name == "AMD Custom GPU 0405" && gpu.power == 4 && gpu.memoryIsShared == true)
    }

    @Test func theCardComesBeforeTheProcessorsGPU() throws {
        let machine = try read(.radeonCard)
        #expect(machine.gpus.map(\.name) == ["AMD Radeon RX 7900 XTX", nil] && machine.gpus.map(\.memoryIsShared) == [false, true])
        #expect(machine.gpus.map(\.memoryFree) == [ByteCount(24_000_000_000), nil] && machine.gpuType == .rocm)
        #expect(machine.gpuMemory == ByteCount(25_753_026_560))
    }

    @Test func aRevisionThatTheListLacksGetsTheChipsName() throws {
        let other = Recording(files: ["sys/bus/pci/devices/0000:03:00.0/revision": "0xff\n"])
        #expect(try read(.radeonCard + other).gpus.first?.name == "AMD Radeon RX 7900 XT/7900 XTX/7900 GRE/7900M")
    }

    @Test func aCardThatKnowsItsNameIsAskedFirst() throws {
        let own = Recording(files: ["sys/bus/pci/devices/0000:03:00.0/product_name": "Radeon Pro W7900\n"])
        #expect(try read(.radeonCard + own).gpus.first?.name == "Radeon Pro W7900")
    }

    @Test func anArcCardHasMemoryOfItsOwn() throws {
        let gpu = try #require(try read(.arcCard).gpus.first)
        #expect(gpu.name == "Intel Arc A770" && gpu.memoryTotal == ByteCount(17_079_205_888) && gpu.memoryIsShared == false)
        #expect(gpu.temperature == 52 && gpu.memoryFree == nil)
    }

    @Test func aRaspberryPiIsNamedByItsCoresAndItsBoard() throws {
        let machine = try read(.raspberryPi)
        #expect(machine.product == "Raspberry Pi 5 Model B Rev 1.0" && machine.cpu.model == "Cortex-A76" && machine.cpu.vendor == "Arm")
        #expect(machine.cpu.architecture == "arm64" && machine.cpu.physicalCores == 4 && machine.cpu.performanceCores == nil)
        #expect(machine.cpu.features == ["neon", "fp16", "dotprod"])
        #expect(machine.gpus.map(\.name) == ["brcm,2712-v3d"] && machine.gpus.first?.kind == .vulkan)
    }

    @Test func appleSiliconUnderLinuxHasTwoKindsOfCoresAndOneGPU() throws {
        let machine = try read(.asahi)
        #expect(machine.cpu.vendor == "Apple" && machine.cpu.model == "Apple M1 Icestorm + Apple M1 Firestorm")
        #expect(machine.cpu.performanceCores == 4 && machine.cpu.efficiencyCores == 4)
        #expect(machine.gpus == [GPU(kind: .vulkan, name: "apple,agx-g13g", driver: "asahi", memoryIsShared: true)])
    }

    @Test func bigAndLittleCoresAreToldApart() throws {
        let machine = try read(.rockchip)
        #expect(machine.cpu.model == "Cortex-A55 + Cortex-A76" && machine.cpu.performanceCores == 4 && machine.cpu.efficiencyCores == 4)
        #expect(machine.gpus.map(\.driver) == ["panthor"])
    }
}
