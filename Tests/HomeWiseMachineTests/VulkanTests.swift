// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseMachine

private typealias Device = SystemCapabilities.VulkanDevice

@Suite(.temporaryFolder, .serialized) struct VulkanTests {
    /// Three devices: a card, an integrated GPU, and the processor that plays one.
    private static let loader = """
        #include <string.h>
        #include <stdint.h>
        int vkCreateInstance(const uint32_t *info, void *allocator, void **out) { *out = (void *)1; return info[0] == 1 ? CREATE : -1; }
        void vkDestroyInstance(void *instance, void *allocator) {}
        int vkEnumeratePhysicalDevices(void *instance, uint32_t *count, void **out) {
            for (uint32_t i = 0; i < 3 && i < *count; i++) out[i] = (void *)(uintptr_t)(i + 1);
            *count = 3; return LIST;
        }
        struct properties { uint32_t api, driver, vendor, device, type; char name[256]; char rest[548]; };
        void vkGetPhysicalDeviceProperties(void *device, struct properties *p) {
            static const struct { uint32_t vendor, device, type; const char *name; } all[] = {
                { 0x10de, 0x2204, 2, "Card" }, { 0x8086, 0x46a6, 1, "Integrated" }, { 0x10005, 0, 4, "llvmpipe" } };
            int i = (int)(uintptr_t)device - 1;
            memset(p, 0, sizeof *p); p->api = (1 << 22) | (3 << 12) | 280;
            p->vendor = all[i].vendor; p->device = all[i].device; p->type = all[i].type; strcpy(p->name, all[i].name);
        }

        """

    private static let memory = """
        struct heap { uint64_t size; uint32_t flags, pad; };
        struct memory { uint32_t types; uint32_t type[64]; uint32_t heaps; struct heap heap[16]; };
        void vkGetPhysicalDeviceMemoryProperties(void *device, struct memory *m) {
            m->heaps = 2; m->heap[0].size = 99000000000ull; m->heap[0].flags = 0; m->heap[1].size = 24000000000ull; m->heap[1].flags = 1;
        }

        """

    private func library(_ source: String, create: Int = 0, list: Int = 0) throws -> String {
        try StubLibrary.compile(source, ["CREATE=\(create)", "LIST=\(list)"], name: "vulkan")
    }

    private func read(_ path: String, patience: Duration = .seconds(20)) -> Vulkan.Answer { Vulkan.read(library: path, patience: patience) }

    @Test func listsDevicesAndMarksTheProcessorAsSoftware() throws {
        let size = ByteCount(24_000_000_000)
        let path = try library(Self.loader + Self.memory)
        #expect(
            read(path).devices == [
                Device(name: "Card", kind: .discrete, version: "1.3.280", memory: size, pciID: "10de:2204"),
                Device(name: "Integrated", kind: .integrated, version: "1.3.280", memory: size, pciID: "8086:46a6"),
                Device(name: "llvmpipe", kind: .software, version: "1.3.280", memory: size),
            ])
        #expect(!StubLibrary.isLoaded(path))
    }

    @Test func withoutMemoryFunctionsTheMemoryIsUnknown() throws {
        #expect(read(try library(Self.loader)).devices?.map(\.memory) == [nil, nil, nil])
    }

    @Test func moreDevicesThanFitAreStillDevices() throws { #expect(read(try library(Self.loader, list: 5)).devices?.count == 3) }

    @Test(arguments: [(-9, 0, "does not start"), (0, -3, "cannot list")] as [(Int, Int, String)])
    func errorsAreFindings(_ create: Int, _ list: Int, _ words: String) throws {
        let answer = read(try library(Self.loader, create: create, list: list))
        #expect(answer.devices == nil && answer.finding?.contains(words) == true)
    }

    @Test func aLibraryThatIsNoneIsAFinding() throws {
        let answer = read(try library("int nothing(void) { return 0; }"))
        #expect(answer.devices == nil && answer.finding?.contains("lacks functions") == true)
    }

    @Test func noLibraryIsOrdinary() { #expect(read("libhomewise-no-such-library.so") == Vulkan.Answer()) }

    @Test("SUP-03 a loader that hangs is cut off and reported") func hang() async throws {
        let waiting = Self.loader.replacingOccurrences(of: "{ *out = (void *)1;", with: "{ wait_until_released(); *out = (void *)1;")
        let path = try library(StubLibrary.untilReleased + waiting)
        let answer = read(path, patience: .milliseconds(50))
        #expect(answer.devices == nil && answer.finding?.contains("did not answer within 0.05 s") == true)
        try StubLibrary.release()
        #expect(await eventually(within: .seconds(20)) { read(path).devices?.count == 3 })
    }

    @Test func itIsOnlyAskedOnRequest() throws {
        let probe = try Recording.nouveau.probe(vulkan: try library(Self.loader))
        #expect(probe.capabilities(store: "/").vulkanDevices == nil)
        #expect(probe.capabilities(store: "/", includingVulkan: true).vulkanDevices?.count == 3)
    }

    @Test func aGPUThatOnlyVulkanReachesIsAdded() throws {
        let probe = try Recording.intelHybrid.probe(vulkan: try library(Self.loader + Self.memory))
        let gpus = probe.capabilities(store: "/", includingVulkan: true).gpus
        #expect(gpus.map(\.kind) == [.intel, .vulkan] && gpus.map(\.name) == ["Intel Iris Xe Graphics", "Card"])
        #expect(gpus.last?.memoryTotal == ByteCount(24_000_000_000) && gpus.last?.memoryIsShared == false)
    }

    @Test func whatIsNoRealDeviceIsNoGPU() {
        var machine = SystemCapabilities(cpu: .init(architecture: "x86_64", logicalCores: 1), memory: .init())
        let devices = [Device.Kind.virtual, .software, .other].map { Device(name: "x", kind: $0, version: "1.0.0", pciID: "1af4:1050") }
        machine.add(Vulkan.Answer(devices: devices))
        #expect(machine.gpus.isEmpty && machine.vulkanDevices == devices)
    }
}
