// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// Vulkan's loader, which loads the driver of every vendor at hand: heavy, so only asked on request.
///
/// Structures and numbers: Khronos, Vulkan specification 1.0 (vulkan_core.h).
struct Vulkan {
    private typealias Create = @convention(c) (UnsafeRawPointer, UnsafeRawPointer?, UnsafeMutablePointer<OpaquePointer?>) -> Int32
    private typealias Destroy = @convention(c) (OpaquePointer, UnsafeRawPointer?) -> Void
    private typealias List = @convention(c) (OpaquePointer, UnsafeMutablePointer<UInt32>, UnsafeMutablePointer<OpaquePointer?>?) -> Int32
    private typealias Describe = @convention(c) (OpaquePointer, UnsafeMutableRawPointer) -> Void

    struct Answer: Sendable, Equatable {
        /// `nil` where Vulkan is not installed or does not work.
        var devices: [SystemCapabilities.VulkanDevice]?
        var finding: String?
    }

    private let library: UnsafeMutableRawPointer

    static func read(library name: String, patience: Duration) -> Answer {
        let answer = TimeLimit.run(name, limit: patience) { () -> Answer in
            guard let library = dlopen(name, RTLD_NOW | RTLD_LOCAL) else { return Answer() }
            defer { dlclose(library) }
            return Vulkan(library: library).read()
        }
        let seconds = String(format: "%g", patience.seconds)
        return answer ?? Answer(finding: "Vulkan did not answer within \(seconds) s: its devices are unknown. One of its drivers hangs.")
    }

    private func read() -> Answer {
        guard let create: Create = symbol("vkCreateInstance"), let destroy: Destroy = symbol("vkDestroyInstance"),
            let list: List = symbol("vkEnumeratePhysicalDevices"), let describe: Describe = symbol("vkGetPhysicalDeviceProperties")
        else { return Answer(finding: "Vulkan's library lacks functions that every version has.") }
        // VkInstanceCreateInfo: 64 bytes, the first four say which structure it is (1), and no member is needed.
        let request: [UInt32] = [1] + [UInt32](repeating: 0, count: 15)
        var instance: OpaquePointer?
        let status = request.withUnsafeBytes { create($0.baseAddress!, nil, &instance) }
        guard status == 0, let instance else { return Answer(finding: "Vulkan does not start (error \(status)): no driver serves it.") }
        defer { destroy(instance, nil) }
        // 5 is VK_INCOMPLETE: more devices than fit, of which the first are good.
        var devices = [OpaquePointer?](repeating: nil, count: 64)
        var count = UInt32(devices.count)
        let listed = list(instance, &count, &devices)
        guard listed == 0 || listed == 5 else { return Answer(finding: "Vulkan cannot list its devices (error \(listed)).") }
        return Answer(devices: devices.prefix(Int(min(count, 64))).compactMap { $0 }.map { device($0, describe) })
    }

    /// VkPhysicalDeviceProperties begins: version, driver's version, vendor, device, kind (4 bytes each), name (256).
    private func device(_ device: OpaquePointer, _ describe: Describe) -> SystemCapabilities.VulkanDevice {
        var words = [UInt32](repeating: 0, count: 1024)  // 824 bytes are used
        words.withUnsafeMutableBytes { describe(device, $0.baseAddress!) }
        let name = words.withUnsafeBytes { String(decoding: $0[20..<276].prefix { $0 != 0 }, as: UTF8.self) }
        let version = "\(words[0] >> 22 & 0x7f).\(words[0] >> 12 & 0x3ff).\(words[0] & 0xfff)"
        let isOnBus = words[2] <= 0xffff && words[3] <= 0xffff
        return .init(
            name: name, kind: Self.kind(words[4]), version: version, memory: memory(device),
            pciID: isOnBus ? String(format: "%04x:%04x", words[2], words[3]) : nil)
    }

    private static func kind(_ number: UInt32) -> SystemCapabilities.VulkanDevice.Kind {
        switch number {
        case 1: .integrated
        case 2: .discrete
        case 3: .virtual
        case 4: .software
        default: .other
        }
    }

    /// VkPhysicalDeviceMemoryProperties: 260 bytes of types, a number of heaps, and 16 bytes for each: size, flags (1 is “local”).
    private func memory(_ device: OpaquePointer) -> ByteCount? {
        guard let describe: Describe = symbol("vkGetPhysicalDeviceMemoryProperties") else { return nil }
        var words = [UInt64](repeating: 0, count: 128)  // 520 bytes are used
        words.withUnsafeMutableBytes { describe(device, $0.baseAddress!) }
        let count = min(words[32] >> 32, 16)
        let local = (0..<Int(count)).filter { words[34 + 2 * $0] & 1 == 1 }.compactMap { Int64(exactly: words[33 + 2 * $0]) }
        return local.max().map { ByteCount($0) }
    }

    private func symbol<Function>(_ name: String) -> Function? {
        dlsym(library, name).map { unsafeBitCast($0, to: Function.self) }
    }
}

extension MachineProbe {
    func vulkan() -> Vulkan.Answer { Vulkan.read(library: vulkanLibrary, patience: patience) }
}

extension SystemCapabilities {
    /// A real device that no other probe has found can still compute, through Vulkan.
    mutating func add(_ answer: Vulkan.Answer) {
        vulkanDevices = answer.devices
        findings += [answer.finding].compactMap { $0 }
        let known = Set(gpus.compactMap(\.pciID))
        for device in answer.devices ?? [] where device.kind == .integrated || device.kind == .discrete {
            guard let id = device.pciID, !known.contains(id) else { continue }
            gpus.append(
                GPU(
                    kind: .vulkan, name: device.name, memoryTotal: device.memory, memoryIsShared: device.kind == .integrated, pciID: id))
        }
    }
}
