// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// NVIDIA's management library, loaded at run time because only machines with that driver have it.
///
/// Names and signatures: NVIDIA, NVML API Reference Guide (nvml.h, version 12).
struct NVML {
    private typealias Plain = @convention(c) () -> UInt32
    private typealias GetText = @convention(c) (UnsafeMutablePointer<CChar>, UInt32) -> UInt32
    private typealias GetInt = @convention(c) (UnsafeMutablePointer<Int32>) -> UInt32
    private typealias GetCount = @convention(c) (UnsafeMutablePointer<UInt32>) -> UInt32
    private typealias GetHandle = @convention(c) (UInt32, UnsafeMutablePointer<OpaquePointer?>) -> UInt32
    private typealias GetDeviceText = @convention(c) (OpaquePointer, UnsafeMutablePointer<CChar>, UInt32) -> UInt32
    private typealias GetMemory = @convention(c) (OpaquePointer, UnsafeMutablePointer<UInt64>) -> UInt32

    private let library: UnsafeMutableRawPointer

    /// GPUs that the driver names. No library is an ordinary answer; a library that fails is a finding.
    static func read(library name: String) -> (gpus: [SystemCapabilities.GPU], findings: [String]) {
        guard let library = dlopen(name, RTLD_NOW | RTLD_LOCAL) else { return ([], []) }
        defer { dlclose(library) }
        return NVML(library: library).read()
    }

    private func read() -> (gpus: [SystemCapabilities.GPU], findings: [String]) {
        guard let start: Plain = symbol("nvmlInit_v2"), let stop: Plain = symbol("nvmlShutdown"),
            let getCount: GetCount = symbol("nvmlDeviceGetCount_v2"), let handle: GetHandle = symbol("nvmlDeviceGetHandleByIndex_v2")
        else { return ([], ["NVIDIA's management library lacks functions that every driver since 2013 has."]) }
        let status = start()
        guard status == 0 else { return ([], ["NVIDIA's driver does not answer (NVML error \(status)); its GPUs cannot be used."]) }
        defer { _ = stop() }
        var count: UInt32 = 0
        guard getCount(&count) == 0 else { return ([], ["NVIDIA's driver cannot list its GPUs."]) }
        var findings: [String] = []
        let gpus = (0..<min(count, 64)).compactMap { index -> SystemCapabilities.GPU? in
            var device: OpaquePointer?
            let status = handle(index, &device)
            if status == 0, let device { return gpu(device) }
            findings.append("GPU \(index) does not answer (NVML error \(status)).")
            return nil
        }
        return (gpus, findings)
    }

    private func gpu(_ device: OpaquePointer) -> SystemCapabilities.GPU {
        var memory: [UInt64] = [0, 0, 0]  // nvmlMemory_t: total, free, used; bytes
        let getMemory: GetMemory? = symbol("nvmlDeviceGetMemoryInfo")
        let hasMemory = getMemory.map { $0(device, &memory) == 0 } ?? false
        let getName: GetDeviceText? = symbol("nvmlDeviceGetName")
        let getDriver: GetText? = symbol("nvmlSystemGetDriverVersion")
        return .init(
            kind: .cuda, name: getName.flatMap { call in Self.text { call(device, $0, $1) } },
            memoryTotal: hasMemory ? Int64(exactly: memory[0]).map { ByteCount($0) } : nil,
            memoryFree: hasMemory ? Int64(exactly: memory[1]).map { ByteCount($0) } : nil,
            driver: getDriver.flatMap { call in Self.text { call($0, $1) } }, cudaVersion: cudaVersion())
    }

    /// The driver gives 12040 for 12.4.
    private func cudaVersion() -> String? {
        guard let call: GetInt = symbol("nvmlSystemGetCudaDriverVersion_v2") else { return nil }
        var version: Int32 = 0
        return call(&version) == 0 && version > 0 ? "\(version / 1000).\(version % 1000 / 10)" : nil
    }

    private static func text(_ call: (UnsafeMutablePointer<CChar>, UInt32) -> UInt32) -> String? {
        var buffer = [CChar](repeating: 0, count: 96)
        let status = buffer.withUnsafeMutableBufferPointer { call($0.baseAddress!, UInt32($0.count)) }
        return status == 0 ? String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
    }

    private func symbol<Function>(_ name: String) -> Function? {
        dlsym(library, name).map { unsafeBitCast($0, to: Function.self) }
    }
}
