// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import HomeWiseEngines
import HomeWiseMachine
import HomeWiseStore

extension HomeWise {
    /// Between two looks at the load.
    private static let look = Duration.milliseconds(250)

    /// The library that sets an engine's threads while it runs; `nil` where there is none, or a person wants none.
    ///
    /// Only an engine that we built is governed: of others nobody knows what their functions take.
    func governorLibrary(for manifest: EngineManifest, report: Report) async throws -> String? {
        #if os(Linux)
            guard world.isGoverned, manifest.origin == .built else { return nil }
            let library = GovernorLibrary(host: engineHost, folder: world.cache + "/governor")
            let (path, reason) = try await library.made()
            guard let path else {
                report(.note("Threads stay as they are at the start: \(reason ?? "the governor could not be made")"))
                return nil
            }
            let key = Self.engineSuffix(manifest) + " " + GovernorLibrary.version
            if let isHeeded: Bool = try store.inventory.note(.governor, key: key) { return isHeeded ? path : nil }
            let isHeeded: Bool
            do { isHeeded = try await library.isHeeded(by: manifest, library: path) } catch let failure as Failure {
                // Bad luck is not noted: the next start tries again.
                report(.note("Threads stay as they are at the start: \(failure.firstLine)"))
                return nil
            }
            do { try store.inventory.note(isHeeded, .governor, key: key, at: world.now()) } catch let failure as Failure {
                // What was just proven holds all the same; the next start proves it again.
                report(.note("That the governor was proven could not be noted: \(failure.message)"))
            }
            if !isHeeded { report(.note("Threads stay as they are at the start: this engine does not heed the governor")) }
            return isHeeded ? path : nil
        #else
            return nil
        #endif
    }

    /// Keeps the threads of a running engine at the cores that are free and cool, until it ends.
    ///
    /// - Parameter allowance: how many of them a person allows while it runs.
    func govern(_ seat: Supervisor.Seat, isWanted: Bool, allowance: ThreadAllowance, report: Report) async {
        guard let board = seat.session.board else {
            if isWanted { report(.note("Threads stay as they are at the start: what they would be told by could not be written")) }
            return
        }
        let plan = seat.order.plan
        var governor = EngineGovernor(threads: plan.threads, most: plan.mostThreads, world: world, cpu: probe.cpu())
        // Over two looks: one alone is short against the ticks that the system counts in.
        var (before, last) = (LoadProbe(probe, engine: seat.session.pid), LoadProbe(probe, engine: seat.session.pid))
        let start = ContinuousClock.now
        while !Task.isCancelled {
            if let decision = governor.allow(allowance.most(of: plan)) {
                board.set(decision.threads)
                report(.governed(decision))
            }
            // Cancelled is how it ends.
            do { try await Task.sleep(for: Self.look) } catch { return }
            if let load = before?.load(), let decision = governor.look(load, at: start.duration(to: .now) / .seconds(1)) {
                board.set(decision.threads)
                report(.governed(decision))
            }
            (before, last) = (last, LoadProbe(probe, engine: seat.session.pid))
        }
    }
}

/// Load and heat together: how many threads a running engine is to have.
struct EngineGovernor {
    private var threads: ThreadGovernor
    private var heat: HeatGovernor
    private var thermometer: ProcessorThermometer
    private var celsius: Double?
    private var measuredAt: Double?

    /// Seconds between two readings: heat comes slowly, and some sensors take milliseconds.
    private static let pause = 2.0

    init(threads: Int, most: Int, world: World, cpu: SystemCapabilities.CPU) {
        self.threads = ThreadGovernor(threads: threads, ceiling: most, cpu: cpu)
        heat = HeatGovernor(most: most, limits: world.heat)
        thermometer = ProcessorThermometer(MachineProbe(root: world.sensors))
    }

    /// A person allows another number of threads. - Returns: what changes now.
    mutating func allow(_ most: Int) -> ThreadPolicy.Decision? { threads.allow(most) }

    /// - Parameters:
    ///   - load: of others, until now.
    ///   - now: seconds since the start.
    mutating func look(_ load: ThreadPolicy.Load, at now: Double) -> ThreadPolicy.Decision? {
        if measuredAt.map({ now - $0 >= Self.pause }) ?? true {
            (celsius, measuredAt) = (thermometer.celsius(), now)
            heat.look(celsius, threads: threads.threads, at: now)
        }
        return threads.look(load, heat: (heat.ceiling, celsius), at: now)
    }
}
