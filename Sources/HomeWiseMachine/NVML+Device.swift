// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

extension NVML {
    private typealias GetDeviceText = @convention(c) (OpaquePointer, UnsafeMutablePointer<CChar>, UInt32) -> UInt32
    private typealias GetNumber = @convention(c) (OpaquePointer, UnsafeMutablePointer<UInt32>) -> UInt32
    private typealias GetOf = @convention(c) (OpaquePointer, UInt32, UnsafeMutablePointer<UInt32>) -> UInt32
    private typealias GetPair = @convention(c) (OpaquePointer, UnsafeMutablePointer<UInt32>, UnsafeMutablePointer<UInt32>) -> UInt32
    private typealias GetStructure = @convention(c) (OpaquePointer, UnsafeMutableRawPointer) -> UInt32
    private typealias GetInstance = @convention(c) (OpaquePointer, UInt32, UnsafeMutablePointer<OpaquePointer?>) -> UInt32

    func gpu(_ device: OpaquePointer) -> SystemCapabilities.GPU {
        let memory = memory(device)
        let place = place(device)
        return .init(
            kind: .cuda, name: name(device), memoryTotal: memory?.total, memoryFree: memory?.free, driver: driver, cudaVersion: cudaVersion,
            memoryUsed: memory?.used, computeCapability: computeCapability(device), temperature: temperature(device),
            power: power(device), utilisation: utilisation(device), pciID: place?.id, pciAddress: place?.address)
    }

    private func name(_ device: OpaquePointer) -> String? {
        let call: GetDeviceText? = symbol("nvmlDeviceGetName")
        return call.flatMap { call in Self.text { call(device, $0, $1) } }
    }

    private var driver: String? {
        let call: GetText? = symbol("nvmlSystemGetDriverVersion")
        return call.flatMap { call in Self.text { call($0, $1) } }
    }

    /// The driver gives 12040 for 12.4.
    private var cudaVersion: String? {
        guard let call: GetInt = symbol("nvmlSystemGetCudaDriverVersion_v2") else { return nil }
        var version: Int32 = 0
        return call(&version) == 0 && version > 0 ? "\(version / 1000).\(version % 1000 / 10)" : nil
    }

    /// nvmlMemory_t: total, free, used; bytes. Chips whose GPU works in the machine's memory answer “not supported”.
    private func memory(_ device: OpaquePointer) -> (total: ByteCount?, free: ByteCount?, used: ByteCount?)? {
        guard let call: GetStructure = symbol("nvmlDeviceGetMemoryInfo") else { return nil }
        var sizes: [UInt64] = [0, 0, 0]
        guard sizes.withUnsafeMutableBytes({ call(device, $0.baseAddress!) }) == 0, sizes[0] > 0 else { return nil }
        let counts = sizes.map { Int64(exactly: $0).map { ByteCount($0) } }
        return (counts[0], counts[1], counts[2])
    }

    private func computeCapability(_ device: OpaquePointer) -> String? {
        guard let call: GetPair = symbol("nvmlDeviceGetCudaComputeCapability") else { return nil }
        var (major, minor): (UInt32, UInt32) = (0, 0)
        return call(device, &major, &minor) == 0 && major > 0 ? "\(major).\(minor)" : nil
    }

    /// Sensor 0 is the GPU itself; degrees Celsius.
    private func temperature(_ device: OpaquePointer) -> Double? {
        guard let call: GetOf = symbol("nvmlDeviceGetTemperature") else { return nil }
        var degrees: UInt32 = 0
        return call(device, 0, &degrees) == 0 && degrees <= 150 ? Double(degrees) : nil
    }

    /// Thousandths of a watt.
    private func power(_ device: OpaquePointer) -> Double? {
        guard let call: GetNumber = symbol("nvmlDeviceGetPowerUsage") else { return nil }
        var power: UInt32 = 0
        return call(device, &power) == 0 && power <= 5_000_000 ? Double(power) / 1000 : nil
    }

    /// nvmlUtilization_t: percent of time in which the GPU, and its memory, worked.
    private func utilisation(_ device: OpaquePointer) -> Double? {
        guard let call: GetStructure = symbol("nvmlDeviceGetUtilizationRates") else { return nil }
        var rates: [UInt32] = [0, 0]
        guard rates.withUnsafeMutableBytes({ call(device, $0.baseAddress!) }) == 0, rates[0] <= 100 else { return nil }
        return Double(rates[0]) / 100
    }

    /// nvmlPciInfo_t, 68 bytes: an old name of 16, five numbers of 4 (the fourth is device and vendor), and the name of 32.
    private func place(_ device: OpaquePointer) -> (id: String, address: String?)? {
        guard let call: GetStructure = symbol("nvmlDeviceGetPciInfo_v3") else { return nil }
        var words = [UInt32](repeating: 0, count: 64)
        guard words.withUnsafeMutableBytes({ call(device, $0.baseAddress!) }) == 0, words[7] != 0 else { return nil }
        let name = words.withUnsafeBytes { String(decoding: $0[36..<68].prefix { $0 != 0 }, as: UTF8.self) }
        // The kernel writes four digits where NVML writes eight.
        let address = name.count == 16 ? String(name.dropFirst(4)).lowercased() : nil
        return (String(format: "%04x:%04x", words[7] & 0xffff, words[7] >> 16), address)
    }

    func isDivided(_ device: OpaquePointer) -> Bool {
        guard let call: GetPair = symbol("nvmlDeviceGetMigMode") else { return false }
        var (current, pending): (UInt32, UInt32) = (0, 0)
        return call(device, &current, &pending) == 0 && current == 1
    }

    /// An instance knows its name and memory; heat and power are the card's.
    func instances(of device: OpaquePointer, whole: SystemCapabilities.GPU) -> [SystemCapabilities.GPU] {
        guard let getCount: GetNumber = symbol("nvmlDeviceGetMaxMigDeviceCount"),
            let handle: GetInstance = symbol("nvmlDeviceGetMigDeviceHandleByIndex")
        else { return [] }
        var count: UInt32 = 0
        guard getCount(device, &count) == 0 else { return [] }
        return (0..<min(count, 16)).compactMap { index in
            var instance: OpaquePointer?
            guard handle(device, index, &instance) == 0, let instance else { return nil }
            let memory = memory(instance)
            var gpu = whole
            gpu.name = name(instance) ?? whole.name
            (gpu.memoryTotal, gpu.memoryFree, gpu.memoryUsed) = (memory?.total, memory?.free, memory?.used)
            (gpu.utilisation, gpu.isInstance) = (nil, true)
            return gpu
        }
    }

    private static func text(_ call: (UnsafeMutablePointer<CChar>, UInt32) -> UInt32) -> String? {
        var buffer = [CChar](repeating: 0, count: 96)
        let status = buffer.withUnsafeMutableBufferPointer { call($0.baseAddress!, UInt32($0.count)) }
        return status == 0 ? String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
    }
}
