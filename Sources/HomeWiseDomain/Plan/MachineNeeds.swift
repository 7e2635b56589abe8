// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// The other way round: what machine a model takes.
public struct MachineNeeds: Sendable, Codable, Equatable {
    /// Memory of the machine, with what may be used of it counted.
    public var memory: ByteCount
    /// Of which must be free for it.
    public var free: ByteCount
    public var disk: ByteCount
    /// Bytes per second from memory that the wanted speed takes.
    public var bandwidth: Double
    /// GPU memory with which all of it would lie there.
    public var gpuMemory: ByteCount

    public init(_ fit: Fit, wish: Wish, calibration: Calibration?) {
        let working = Double(fit.memory.working.bytes + fit.memory.gpu.bytes)
        free = ByteCount(saturating: working)
        if case .percent(let share) = wish.maxRAM { memory = ByteCount(saturating: working / share * 100) } else { memory = free }
        disk = ByteCount(fit.variant.diskNeeded.bytes + Planner.diskReserve.bytes)
        bandwidth = TokenWork(fit.facts).bytes * wish.minTokensPerSecond
        let device = Placement.Device(name: "a GPU", bandwidth: 1)
        let gpu = GPUFit(facts: fit.facts, options: fit.options, budget: .infinity, device: device)
        let onGPU = gpu.bytes(Placement(gpu: device, gpuLayers: (fit.facts.layers ?? 32) + 1))
        if case .percent(let share) = wish.gpuMemory {
            gpuMemory = ByteCount(saturating: onGPU / share * 100)
        } else {
            gpuMemory = ByteCount(saturating: onGPU)
        }
    }
}
