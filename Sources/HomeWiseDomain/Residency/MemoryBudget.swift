// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// How much our engines may hold together: what a person allows, and what other programs really leave of it now.
public struct MemoryBudget: Sendable, Codable, Equatable {
    public struct Pool: Sendable, Codable, Equatable {
        /// Bytes that may be used whatever others do; `nil` where nobody knows.
        public var most: Int64?
        /// Bytes that others leave to us now, with those that we hold already.
        public var left: Int64?

        public init(most: Int64? = nil, left: Int64? = nil) {
            self.most = most
            self.left = left
        }

        public var limit: Int64? { [most, left].compactMap(\.self).min() }
    }

    public var host: Pool
    /// Cards with a memory of their own, by name.
    public var gpus: [String: Pool]
    /// Bytes of the machine's memory that our engines' own memory stays clear of. File pages may lie there: they give way.
    public var reserve: Int64

    public init(host: Pool = Pool(), gpus: [String: Pool] = [:], reserve: Int64 = 0) {
        self.host = host
        self.gpus = gpus
        self.reserve = reserve
    }

    /// A 32nd of the memory, and never less than this nor more than that: what a person's programs ask for between two looks.
    static let reserves: ClosedRange<Int64> = 64_000_000...1_000_000_000

    /// - Parameters:
    ///   - held: what our engines were seen to hold when the machine was looked at.
    ///   - share: of the machine's memory or the limit of its group.
    ///   - gpuShare: of a card's memory.
    public init(_ machine: SystemCapabilities, held: Footprint, share: MemoryShare, gpuShare: MemoryShare) {
        let ceiling = machine.memory.ceiling
        // Pages of files count as available, ours among them; only what is our own is missing there.
        host = Pool(most: ceiling.map { share.bytes(of: $0).bytes }, left: machine.memory.free.map { $0.bytes + max(0, held.own) })
        reserve = ceiling.map { min(max($0.bytes / 32, Self.reserves.lowerBound), Self.reserves.upperBound) } ?? 0
        gpus = [:]
        for gpu in machine.gpus where gpu.memoryIsShared != true && gpu.kind != .metal {
            let name = gpu.name ?? gpu.kind.rawValue
            let left = gpu.memoryFree.map { $0.bytes + max(0, held.gpus[name] ?? 0) }
            // Of several cards of one name the engine takes the first.
            if gpus[name] == nil { gpus[name] = Pool(most: gpu.memoryTotal.map { gpuShare.bytes(of: $0).bytes }, left: left) }
        }
    }

    /// The machine as it would be without our engines: what a plan is made for that may take their place.
    public static func without(_ held: Footprint, _ machine: SystemCapabilities) -> SystemCapabilities {
        var machine = machine
        func more(_ free: ByteCount?, _ bytes: Int64, _ most: ByteCount?) -> ByteCount? {
            free.map { min(ByteCount($0.bytes + max(0, bytes)), most ?? ByteCount(.max)) }
        }
        machine.memory.available = more(machine.memory.available, held.own, machine.memory.total)
        machine.memory.limitAvailable = more(machine.memory.limitAvailable, held.own, machine.memory.limit)
        for index in machine.gpus.indices {
            let name = machine.gpus[index].name ?? machine.gpus[index].kind.rawValue
            machine.gpus[index].memoryFree = more(
                machine.gpus[index].memoryFree, held.gpus[name] ?? 0, machine.gpus[index].memoryTotal)
        }
        return machine
    }

    /// What is missing for a sum of footprints; empty where it can be held.
    struct Shortage: Equatable {
        var own: Int64 = 0
        var working: Int64 = 0
        var gpus: [String: Int64] = [:]

        var isEmpty: Bool { own == 0 && working == 0 && gpus.isEmpty }

        /// Whether it gets smaller when this goes.
        func isHelped(by footprint: Footprint) -> Bool {
            (own > 0 && footprint.own > 0) || (working > 0 && footprint.working > 0)
                || gpus.contains { (footprint.gpus[$0.key] ?? 0) > 0 }
        }
    }

    /// - Parameter isLasting: asks for what may be used whatever others do now.
    func shortage(of sum: Footprint, isLasting: Bool = false) -> Shortage {
        func limit(_ pool: Pool) -> Int64 { (isLasting ? pool.most : pool.limit) ?? .max }
        var shortage = Shortage()
        let most = limit(host)
        // What others leave must keep some air; what a person allows is meant as it is said.
        let air = isLasting ? most : min(most, host.left.map { max(0, $0 - reserve) } ?? .max)
        shortage.own = max(0, sum.own - air)
        shortage.working = max(0, sum.working - most)
        for (name, bytes) in sum.gpus where bytes > 0 {
            let missing = bytes - (gpus[name].map(limit) ?? .max)
            if missing > 0 { shortage.gpus[name] = missing }
        }
        return shortage
    }

    func holds(_ sum: Footprint) -> Bool { shortage(of: sum).isEmpty }
}
