// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseMachine

@Suite(.temporaryFolder) struct ReportTests {
    private func text(_ machine: SystemCapabilities, home: String = "/home/anna") -> [String] {
        machine.report(home: home).map { "\($0.label): \($0.text)" }
    }

    @Test func saysWhatAMachineIs() throws {
        var machine = try Recording.intelHybrid.probe().capabilities(store: "/")
        machine.storage = .init(
            path: "/home/anna/.homewise", free: ByteCount(50_000_000_000), total: ByteCount(100_000_000_000), filesystem: "ext4",
            isRotational: true, isReadOnly: true)
        #expect(
            text(machine) == [
                "Machine: 21CBCTO1WW", "Processor: 12th Gen Intel(R) Core(TM) i7-1260P (x86_64)",
                "Cores: 12 physical, 16 logical, 4 performance, 8 efficiency", "Features: sse4.2 avx avx2 f16c fma bmi2 avx_vnni",
                "Caches: L1d 48 KiB, L1i 32 KiB, L3 18 MiB", "Memory: 16.5 GB, 9.2 GB available", "Swap: 2.0 GB, 1.5 GB free",
                "Pressure: programs waited 12 % of the last ten seconds for memory",
                "GPU: Intel Iris Xe Graphics (intel, integrated), works in the machine's memory, driver i915", "Engine: not asked",
                "Disk: 50.0 GB of 100 GB free at ~/.homewise, ext4, rotating disk, read-only",
            ])
    }

    @Test func whatIsUnknownSaysSo() {
        let machine = SystemCapabilities(cpu: .init(architecture: "arm64", logicalCores: 1), memory: .init(), engineDevices: [])
        #expect(
            text(machine) == [
                "Processor: unknown (arm64)", "Cores: unknown physical, 1 logical", "Features: none known",
                "Memory: unknown, unknown available", "GPU: none found", "Engine: uses the CPU; it names no other device",
            ])
    }

    @Test func saysWhatAGPUIsAndDoes() {
        let gpu = SystemCapabilities.GPU(
            kind: .cuda, memoryTotal: ByteCount(8_000_000_000), memoryFree: ByteCount(6_000_000_000), driver: "555.1", cudaVersion: "12.4",
            sharedMemoryTotal: ByteCount(3_000_000_000), computeCapability: "8.9", temperature: 61, power: 45.5, utilisation: 0.25,
            isInstance: true, pciID: "10de:2684")
        #expect(
            gpu.summary
                == "PCI device 10de:2684 (cuda), 6.0 GB of 8.0 GB free, may borrow 3.0 GB of the machine's, driver 555.1, CUDA 12.4, "
                + "compute capability 8.9, an instance of a divided card, 25 % busy, 61 °C, 46 W")
    }

    @Test func vulkanEngineAndFindingsHaveLines() {
        let device = SystemCapabilities.VulkanDevice(
            name: "llvmpipe", kind: .software, version: "1.3.280", memory: ByteCount(1_000_000_000))
        let machine = SystemCapabilities(
            cpu: .init(architecture: "x86_64", logicalCores: 1), memory: .init(), engineDevices: ["CUDA0: Test"], findings: ["It is late."],
            vulkanDevices: [device])
        #expect(
            Array(text(machine).suffix(3)) == [
                "Vulkan: llvmpipe (software), Vulkan 1.3.280, memory 1.0 GB", "Engine: CUDA0: Test", "Finding: It is late.",
            ])
    }

    @Test(
        "neither the home folder nor the person's name is in a report",
        arguments: [
            ("/home/anna", "at /home/anna", "at ~"), ("/home/anna/", "/home/anna/models is full", "~/models is full"),
            ("/home/anna", "“/home/anna/x”", "“~/x”"), ("/home/anna", "/run/media/anna/Disk", "/run/media/…/Disk"),
            ("/home/anna", "/mnt/home/anna", "/mnt/home/…"), ("/home/anna", "/home/annabel/x and anna", "/home/annabel/x and anna"),
            ("/home/jo ann", "/home/jo ann/x", "~/x"), ("/root", "\("/root")/x /srv/root/y", "~/x /srv/root/y"), ("/", "/x", "/x"),
            ("", "/x", "/x"),
        ])
    func privacy(_ home: String, _ finding: String, _ shown: String) {
        let machine = SystemCapabilities(cpu: .init(architecture: "x86_64", logicalCores: 1), memory: .init(), findings: [finding])
        #expect(machine.report(home: home).last?.text == shown)
    }

    @Test(arguments: Recording.all.map(\.name)) func everyMachineCanBeReportedAndWrittenAndRead(_ name: String) throws {
        let recording = try #require(Recording.all.first { $0.name == name }?.recording)
        let machine = try recording.probe().capabilities(store: "/", more: ["/tmp"])
        #expect(try JSONDecoder().decode(SystemCapabilities.self, from: JSONEncoder().encode(machine)) == machine)
        #expect(
            machine.report(home: "/home/anna").allSatisfy { !$0.label.isEmpty && !$0.text.isEmpty && !$0.text.contains("1000000012345678") }
        )
    }
}

@Suite struct OlderFormTests {
    @Test func whatAnOlderVersionWroteIsRead() throws {
        let json = """
            {"cpu": {"architecture": "x86_64", "logicalCores": 4, "features": ["avx2"]}, "memory": {"total": 1000},
             "gpus": [{"kind": "cuda", "name": "Old"}], "storage": {"path": "/x", "free": 5}, "findings": []}
            """
        let machine = try JSONDecoder().decode(SystemCapabilities.self, from: Data(json.utf8))
        #expect(
            machine.cpu == .init(architecture: "x86_64", logicalCores: 4, features: ["avx2"])
                && machine.memory == .init(total: ByteCount(1000)))
        #expect(machine.gpus == [.init(kind: .cuda, name: "Old")] && machine.storage == .init(path: "/x", free: ByteCount(5), total: nil))
        #expect(machine.vulkanDevices == nil && machine.moreStorage == nil && machine.product == nil)
    }

    @Test func aKindThatANewerVersionWroteIsUnknown() throws {
        let gpus = try JSONDecoder().decode([SystemCapabilities.GPU].self, from: Data(#"[{"kind": "abacus"}, {"kind": "rocm"}]"#.utf8))
        #expect(gpus.map(\.kind) == [.unknown, .rocm])
    }
}
