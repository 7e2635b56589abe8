// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// How many threads an engine gets: as many as cores are really free, because one busy neighbour makes every step of
/// all threads wait for the slowest (measured: with one of two cores taken, 2 threads write 26 tokens/s and 1 thread 69).
public struct ThreadPolicy: Sendable {
    /// Cores that were busy over the last second.
    public struct Load: Sendable, Equatable {
        /// With other programs.
        public var others: Double
        /// With other guests of the same host, where this is a virtual machine.
        public var stolen: Double

        public init(others: Double, stolen: Double) {
            self.others = others
            self.stolen = stolen
        }
    }

    public struct Decision: Sendable, Equatable {
        public var threads: Int
        /// Why, as a clause: “1 of 2 cores is busy with other programs”.
        public var reason: String
    }

    /// A core that others use less than this is taken all the same: short bursts cost less than a missing thread.
    static let tolerance = 0.4

    public init() {}

    public func threads(cpu: SystemCapabilities.CPU, load: Load?) -> Decision {
        let usable = cpu.usableCores
        let whole = max(1, Int(usable.rounded(.down)))
        guard let load else { return Decision(threads: whole, reason: "the load of this machine is unknown") }
        // A busy hyper-thread slows its whole core, so every busy one counts as a core.
        let cores = Double(cpu.physicalCores ?? cpu.logicalCores)
        let free = min(usable, cores - load.others - load.stolen)
        let threads = min(whole, max(1, Int((free + Self.tolerance).rounded(.down))))
        return Decision(threads: threads, reason: Self.reason(threads, whole, load, cpu))
    }

    private static func reason(_ threads: Int, _ whole: Int, _ load: Load, _ cpu: SystemCapabilities.CPU) -> String {
        if threads < whole {
            let host = load.stolen >= 0.2 ? " and \(load.stolen.rounded(toPlaces: 1)) with other guests of the host" : ""
            return "\(load.others.rounded(toPlaces: 1)) of \(cpu.logicalCores) cores are busy with other programs\(host)"
        }
        if let quota = cpu.quotaCores, Int(quota) <= whole, quota < Double(cpu.physicalCores ?? cpu.logicalCores) {
            return "the container may use \(quota.rounded(toPlaces: 1)) cores"
        }
        return whole == 1 ? "the machine has one core" : "all \(whole) cores are free"
    }
}
