// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension Planner {
    public typealias Reason = (kind: Rejection.Kind, text: String)

    /// What speaks against a model whatever its variant.
    public func refusal(of model: ModelInfo) -> Reason? {
        let formats = Set((model.variants ?? []).map { $0.format ?? model.type })
        if !wish.isNamed, formats.isDisjoint(with: engines) { return Self.missingEngine(formats.first ?? model.type) }
        if let reason = mismatch(of: model) { return reason }
        guard let needs = model.requirements else { return nil }
        if needs.gpuRequired == true, !machine.gpus.contains(where: { $0.memoryIsShared != true || $0.kind == .metal }) {
            return (.hardware, "needs a GPU, and none was found")
        }
        if let least = needs.minGPUMemory, needs.gpuRequired == true,
            let most = machine.gpus.compactMap(\.memoryTotal).max(), most < least
        {
            return (.hardware, "needs \(least) of GPU memory, this GPU has \(most)")
        }
        // A machine sold as “8 GB” shows a little less: firmware and graphics take their share.
        if let backends = needs.supportedBackends, Set(backends).isDisjoint(with: backendsHere) {
            return (.hardware, "runs on \(backends.map(\.rawValue).joined(separator: ", ")) only")
        }
        if let least = needs.minRAM, let ceiling = machine.memory.ceiling, Double(ceiling.bytes) < 0.9 * Double(least.bytes) {
            return (.memory, "asks for a machine with \(least) of memory, this one has \(ceiling)")
        }
        return nil
    }

    private static func missingEngine(_ format: ModelFormat) -> Reason {
        (.unsupported, "its engine is not installed: homewise engine install \(format.engine)")
    }

    private func mismatch(of model: ModelInfo) -> Reason? {
        if let terms = model.terms, !accepted.contains(terms.name), !wish.isNamed {
            return (.terms, "comes under the \(terms.name); to accept them: homewise run \(model.id)")
        }
        if wish.isNamed { return nil }
        if let tier = wish.tier, model.tier != tier { return (.tier, "is of the tier \(model.tier.rawValue), not \(tier.rawValue)") }
        if let capabilities = model.capabilities, !capabilities.contains(wish.capability) {
            return (.ability, "is not made for \(wish.capability.rawValue)")
        }
        return nil
    }

    /// What speaks against one variant: the first of memory, disk and speed.
    public func obstacle(to fit: Fit) -> Reason? {
        if !wish.isNamed, !engines.contains(fit.format) { return Self.missingEngine(fit.format) }
        if let reason = memoryObstacle(to: fit) { return (.memory, reason) }
        if let reason = diskObstacle(to: fit) { return (.disk, reason) }
        let speed = fit.speed.tokensPerSecond
        guard !wish.isNamed, speed < wish.minTokensPerSecond else { return nil }
        return (
            .speed,
            "would write about \(speed.rounded(toPlaces: 1)) tokens/s, less than the \(wish.minTokensPerSecond.rounded(toPlaces: 0)) wanted"
        )
    }

    private func memoryObstacle(to fit: Fit) -> String? {
        // A GPU that works in the machine's memory takes from there.
        let shared = fit.placement.gpu?.isShared == true ? fit.memory.gpu.bytes : 0
        let needed = ByteCount(fit.memory.working.bytes + shared)
        if let ceiling = machine.memory.ceiling {
            let allowed = wish.maxRAM.bytes(of: ceiling)
            if needed > allowed { return "needs \(needed) of memory, \(allowed) of \(ceiling) may be used" }
        }
        if let gpu = gpuBudget, fit.placement != .cpu, Double(fit.memory.gpu.bytes) > gpu.bytes {
            return "needs \(fit.memory.gpu) on the GPU, \(ByteCount(saturating: gpu.bytes)) of it may be used"
        }
        if let free = machine.memory.free, needed > free {
            return "needs \(needed) of memory, only \(free) are free now"
        }
        return nil
    }

    private func diskObstacle(to fit: Fit) -> String? {
        guard !fit.isInstalled, let free = machine.storage?.free else { return nil }
        // What an entry asks for is meant for its first file.
        let asked = fit.variant == fit.model.variants?.first ? fit.model.requirements?.diskSpace?.bytes ?? 0 : 0
        let needed = ByteCount(max(0, max(fit.variant.diskNeeded.bytes, asked) - (reserved[fit.key] ?? 0)) + Self.diskReserve.bytes)
        return needed > free ? "needs \(needed) of disk, only \(free) are free" : nil
    }

    /// What could do the arithmetic here.
    private var backendsHere: Set<Backend> {
        let gpus = machine.gpus.compactMap { gpu -> Backend? in
            switch gpu.kind {
            case .cuda: .cuda
            case .metal: .metal
            case .rocm: .rocm
            default: .vulkan
            }
        }
        return Set([.cpu] + gpus)
    }

    /// Never fill a person's disk to the brim.
    public static let diskReserve = ByteCount(256_000_000)
}

extension Double {
    /// For people: `12.345.rounded(toPlaces: 1)` is “12.3”.
    public func rounded(toPlaces places: Int) -> String {
        let scale = (0..<places).reduce(1.0) { scale, _ in scale * 10 }
        guard isFinite, abs(self) < 1e15 else { return "\(self)" }
        let scaled = Int64((self * scale).rounded())
        let (whole, rest) = scaled.magnitude.quotientAndRemainder(dividingBy: UInt64(scale))
        let digits = String(rest)
        let fraction = places == 0 ? "" : "." + String(repeating: "0", count: places - digits.count) + digits
        return (scaled < 0 ? "-" : "") + "\(whole)" + fraction
    }
}
