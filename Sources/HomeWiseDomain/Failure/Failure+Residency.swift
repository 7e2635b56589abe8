// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension Failure.Code {
    public static let queueFull = Self(rawValue: "queue_full")
    public static let memoryTaken = Self(rawValue: "memory_taken")
    public static let unloaded = Self(rawValue: "unloaded")
    public static let waitedTooLong = Self(rawValue: "waited_too_long")
    public static let notServing = Self(rawValue: "not_serving")
}

extension Failure {
    /// Detail: seconds after which it is worth asking again.
    public static let retryDetail = "retry_after"

    /// Seconds after which it is worth asking again; `nil` where asking again does not help.
    public var retryAfter: Int? { detail[Self.retryDetail].flatMap { Int($0) } }

    private func retrying(after seconds: Int) -> Failure { adding(Self.retryDetail, "\(seconds)") }

    static func queueFull(_ key: String, waiting: Int, retryAfter: Int) -> Failure {
        Failure(
            .queueFull, "\(waiting) requests wait for \(key) already.",
            remedy: "Ask again in \(retryAfter) s."
        ).retrying(after: retryAfter)
    }

    /// It does not fit whoever else is here.
    static func neverFits(_ key: String, _ need: Footprint, _ budget: MemoryBudget) -> Failure {
        let (place, needed, limit) = bottleneck(need, budget, isLasting: true)
        return Failure(
            .modelTooLarge, "\(key) needs \(needed) of \(place), and models may use \(limit) of it.",
            remedy: "Choose a smaller model or context, or allow more (max_ram_usage, gpu_memory_usage).",
            detail: ["needed": "\(needed.bytes)", "limit": "\(limit.bytes)"])
    }

    /// It would fit, and what it needs is in others' hands.
    static func memoryTaken(_ key: String, _ need: Footprint, _ budget: MemoryBudget, retryAfter: Int) -> Failure {
        let (place, needed, limit) = bottleneck(need, budget, isLasting: false)
        return Failure(
            .memoryTaken, "\(key) needs \(needed) of \(place), and other programs leave \(limit) of it now.",
            remedy: "Close other programs, or choose a smaller model or context.",
            detail: ["needed": "\(needed.bytes)", "limit": "\(limit.bytes)"]
        ).retrying(after: retryAfter)
    }

    static func besidePinned(_ key: String, _ need: Footprint, pinned: [String]) -> Failure {
        Failure(
            .memoryTaken,
            "\(key) needs \(ByteCount(need.total)) and does not fit beside \(pinned.joined(separator: ", ")), which \(pinned.count == 1 ? "is" : "are") pinned.",
            remedy: "Unpin or unload one of them.", detail: ["needed": "\(need.total)"])
    }

    static func noRoomBeside(_ key: String, _ need: Footprint, others: [String]) -> Failure {
        Failure(
            .memoryTaken, "\(key) needs \(ByteCount(need.total)) and does not fit beside \(others.joined(separator: ", ")).",
            remedy: "It is loaded when somebody asks for it.", detail: ["needed": "\(need.total)"])
    }

    /// - Parameter reason: where it is known.
    public static func unloaded(_ key: String, _ reason: ResidencyBoard.Leave? = nil) -> Failure {
        Failure(.unloaded, "\(key) was unloaded\(reason.map { ": \($0.words)" } ?? "").", remedy: "Ask again to have it loaded.")
    }

    static func waitedTooLong(_ key: String, seconds: Double, retryAfter: Int) -> Failure {
        Failure(
            .waitedTooLong, "\(key) was waited for \(seconds.rounded(toPlaces: 0)) s in vain.",
            remedy: "Ask again in \(retryAfter) s, or allow more time."
        ).retrying(after: retryAfter)
    }

    static func seesNothing(_ key: String) -> Failure {
        Failure(
            .engineRefused, "\(key) sees no pictures: nothing that does came with it.",
            remedy: "Ask without pictures, or choose a model that sees: homewise recommend")
    }

    static func sightGivenUp(_ key: String, _ gaveUp: [String]) -> Failure {
        Failure(
            .engineRefused, "\(key) runs, and sees no pictures: \(gaveUp.isEmpty ? "that was given up" : gaveUp.joined(separator: "; ")).",
            remedy: "Ask without pictures, or free memory and load it anew: homewise stop \(key)")
    }

    static let notServing = Failure(.notServing, "HomeWise is stopping.", remedy: "Ask again when it runs.", detail: [retryDetail: "5"])

    /// It failed a moment ago, and would the same way.
    func again(after seconds: Int) -> Failure { retrying(after: seconds) }

    /// It fails again and again: only a person changes that.
    func quarantined(_ key: String, times: Int) -> Failure {
        Failure(
            code, "\(key) failed \(times) times in a row and is not started again by itself. \(message)",
            remedy: "\(remedy) Then load it by name: homewise load \(key)", detail: detail.merging(["quarantined": "true"]) { $1 })
    }

    /// Where it is short, and the figures.
    private static func bottleneck(_ need: Footprint, _ budget: MemoryBudget, isLasting: Bool) -> (String, ByteCount, ByteCount) {
        let shortage = budget.shortage(of: need, isLasting: isLasting)
        if let (name, missing) = shortage.gpus.first {
            let bytes = need.gpus[name] ?? 0
            return ("the memory of \(name)", ByteCount(bytes), ByteCount(bytes - missing))
        }
        if shortage.own > shortage.working { return ("memory of its own", ByteCount(need.own), ByteCount(need.own - shortage.own)) }
        return ("memory", ByteCount(need.working), ByteCount(need.working - shortage.working))
    }
}
