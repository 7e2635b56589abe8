// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
public import HomeWiseDomain
import HomeWiseEngines
import HomeWiseMachine
import HomeWiseStore

extension HomeWise {
    /// Measures the engine's kernels on this machine and keeps the figures; under a minute.
    ///
    /// - Parameter budget: no further kind of block is begun after it.
    /// - Throws: `Failure.engineMissing`, `Failure.engineRefused`, `Failure.diskFull`.
    public func calibrate(within budget: Duration = .seconds(50), report: @escaping Report) async throws -> Calibration {
        guard let manifest = try engineInUse(), let bench = LlamaBench(manifest: manifest, host: engineHost) else {
            throw Failure.engineMissing("llama.cpp")
        }
        let folder = store.layout.run
        if let free = StorageProbe.storage(of: folder).free, free.bytes < 1 << 30 {
            throw Failure.diskTooSmall(path: folder, needed: ByteCount(1 << 30), free: free)
        }
        let cpu = probe.cpu()
        report(.load(busyCores: load?.load()?.others ?? 0, cores: cpu.logicalCores))
        let calibrator = Calibrator(bench: bench, folder: folder, threads: Self.threadCounts(cpu), budget: budget)
        let calibration = try await calibrator.run(engine: manifest.version, processor: Self.processor(cpu)) { type, done, all in
            report(.calibrating(type: type, done: done, of: all))
        }
        try store.inventory.note(calibration, .calibration, key: Self.key(manifest, cpu), at: world.now())
        return calibration
    }

    /// A choice made without any measurement was seen to be wrong by a factor of two to three: before the first one the
    /// commonest kernels are measured, in some seconds. What cannot be measured stays an estimate and says so.
    func calibrateOnce(report: @escaping Report) async throws {
        guard try calibration() == nil, let manifest = try engineInUse(), manifest.tool("llama-bench") != nil else { return }
        do { _ = try await calibrate(within: Self.firstLook, report: report) } catch let failure as Failure {
            report(.note("The engine's speed could not be measured, so it is estimated: \(failure.message)"))
        }
    }

    /// Enough for two or three kinds of blocks on an ordinary machine.
    private static let firstLook = Duration.seconds(4)

    /// What was measured for this engine on this processor; `nil` before `calibrate`.
    public func calibration() throws -> Calibration? {
        guard let manifest = try engineInUse() else { return nil }
        return try store.inventory.note(.calibration, key: Self.key(manifest, probe.cpu()), as: Calibration.self)
    }

    private static func key(_ manifest: EngineManifest, _ cpu: SystemCapabilities.CPU) -> String { "\(build(manifest)) \(processor(cpu))" }

    /// What must be the same for the figures to hold.
    private static func processor(_ cpu: SystemCapabilities.CPU) -> String {
        "\(cpu.model ?? cpu.architecture), \(cpu.usableCores.rounded(toPlaces: 1)) cores, \(cpu.features.joined(separator: " "))"
    }

    /// One thread, half of the cores, and all: what the policy of threads really chooses from is near one of these.
    static func threadCounts(_ cpu: SystemCapabilities.CPU) -> [Int] {
        let all = max(1, Int(cpu.usableCores))
        return Set([1, max(1, all / 2), all]).sorted()
    }
}
