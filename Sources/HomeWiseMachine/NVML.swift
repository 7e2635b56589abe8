// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// NVIDIA's management library, loaded at run time because only machines with that driver have it.
///
/// Names and signatures: NVIDIA, NVML API Reference Guide (nvml.h, version 12). Every function is looked up by itself: what a
/// driver's version lacks is unknown.
struct NVML {
    struct Answer: Sendable, Equatable {
        var gpus: [SystemCapabilities.GPU] = []
        var findings: [String] = []
        /// The library is here, whether it works or not.
        var isInstalled = true
    }

    typealias Plain = @convention(c) () -> UInt32
    typealias GetText = @convention(c) (UnsafeMutablePointer<CChar>, UInt32) -> UInt32
    typealias GetInt = @convention(c) (UnsafeMutablePointer<Int32>) -> UInt32
    typealias GetCount = @convention(c) (UnsafeMutablePointer<UInt32>) -> UInt32
    typealias GetHandle = @convention(c) (UInt32, UnsafeMutablePointer<OpaquePointer?>) -> UInt32

    let library: UnsafeMutableRawPointer

    /// GPUs that the driver names. No library is an ordinary answer; a library that fails or hangs is a finding.
    ///
    /// - Parameter names: of the library, the likeliest first.
    static func read(libraries names: [String], patience: Duration) -> Answer {
        let answer = TimeLimit.run(names.joined(separator: ":"), limit: patience) { () -> Answer in
            for name in names {
                guard let library = dlopen(name, RTLD_NOW | RTLD_LOCAL) else { continue }
                defer { dlclose(library) }
                return NVML(library: library).read()
            }
            return Answer(isInstalled: false)
        }
        let seconds = String(format: "%g", patience.seconds)
        return answer
            ?? Answer(findings: [
                "NVIDIA's driver did not answer within \(seconds) s: its GPUs are left out. Restarting the machine may help."
            ])
    }

    private func read() -> Answer {
        guard let start: Plain = symbol("nvmlInit_v2"), let stop: Plain = symbol("nvmlShutdown"),
            let getCount: GetCount = symbol("nvmlDeviceGetCount_v2"), let handle: GetHandle = symbol("nvmlDeviceGetHandleByIndex_v2")
        else { return Answer(findings: ["NVIDIA's management library lacks functions that every driver since 2013 has."]) }
        let status = start()
        guard status == 0 else {
            return Answer(findings: ["NVIDIA's driver does not work (\(Self.reason(status))): its GPUs cannot be used."])
        }
        defer { _ = stop() }
        var count: UInt32 = 0
        let listed = getCount(&count)
        guard listed == 0 else { return Answer(findings: ["NVIDIA's driver cannot list its GPUs (\(Self.reason(listed)))."]) }
        return (0..<min(count, 64)).reduce(into: Answer()) { answer, index in
            var device: OpaquePointer?
            let status = handle(index, &device)
            if status == 0, let device {
                read(device, index, into: &answer)
            } else {
                answer.findings.append("NVIDIA's GPU \(index) does not answer (\(Self.reason(status))).")
            }
        }
    }

    /// A divided card computes only through its instances, each with a share of the memory.
    private func read(_ device: OpaquePointer, _ index: UInt32, into answer: inout Answer) {
        let whole = gpu(device)
        guard isDivided(device) else { return answer.gpus.append(whole) }
        let instances = instances(of: device, whole: whole)
        answer.gpus += instances
        if instances.isEmpty {
            let name = whole.name ?? "NVIDIA's GPU \(index)"
            answer.findings.append("\(name) is set to be divided (MIG), but has no instance: nothing can run on it.")
        }
    }

    /// Errors that a person can do something about (nvmlReturn_t).
    private static func reason(_ status: UInt32) -> String {
        let words: [UInt32: String] = [
            4: "no permission", 9: "its kernel module is not loaded", 15: "the GPU is lost: it fell off the bus",
            16: "the GPU must be reset", 17: "the operating system forbids it",
            18: "the driver was updated: restart the machine",
        ]
        return (words[status].map { $0 + ", " } ?? "") + "NVML error \(status)"
    }

    func symbol<Function>(_ name: String) -> Function? {
        dlsym(library, name).map { unsafeBitCast($0, to: Function.self) }
    }
}
