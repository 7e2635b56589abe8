// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// How busy the cores are with others, between two looks at `/proc/stat`.
package struct LoadProbe: Sendable {
    private let probe: MachineProbe
    private let start: Sample
    /// Of a running engine: its work is not others'.
    private let engine: Int32?

    /// Cumulative seconds over all cores.
    struct Sample: Sendable {
        var busy: Double
        var stolen: Double
        var own: Double
        var time: Double
    }

    /// Begins to look. - Returns: `nil` where the system does not tell.
    ///
    /// - Parameter engine: a child of ours that still runs.
    package init?(_ probe: MachineProbe = MachineProbe(), engine: Int32? = nil) {
        guard let sample = Self.sample(probe, engine) else { return nil }
        self.probe = probe
        self.engine = engine
        start = sample
    }

    /// Cores busy since the beginning; our own work and our children's is not counted as others'.
    package func load() -> ThreadPolicy.Load? {
        Self.sample(probe, engine).flatMap { Self.load(from: start, to: $0) }
    }

    static func load(from first: Sample, to last: Sample) -> ThreadPolicy.Load? {
        let seconds = last.time - first.time
        guard seconds >= 0.05 else { return nil }
        let others = (last.busy - first.busy) - (last.own - first.own)
        return .init(others: max(0, others) / seconds, stolen: max(0, last.stolen - first.stolen) / seconds)
    }

    private static func sample(_ probe: MachineProbe, _ engine: Int32?) -> Sample? {
        guard let line = probe.text("proc/stat")?.split(separator: "\n").first, line.hasPrefix("cpu ") else { return nil }
        let ticks = line.split(separator: " ").dropFirst().compactMap { Double($0) }
        guard ticks.count >= 8 else { return nil }
        let second = Double(sysconf(Int32(_SC_CLK_TCK)))
        // user, nice, system, idle, iowait, irq, softirq, steal
        let busy = ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]
        return Sample(
            busy: busy / second, stolen: ticks[7] / second, own: ownSeconds() + (engine.map { seconds(of: $0, probe) } ?? 0),
            time: ProcessInfo.processInfo.systemUptime)
    }

    /// User and system time of a process (fields 14 and 15 of proc_pid_stat(5), behind the name in parentheses); 0 when it is gone.
    static func seconds(of pid: Int32, _ probe: MachineProbe) -> Double {
        guard let text = probe.text("proc/\(pid)/stat"), let name = text.lastIndex(of: ")") else { return 0 }
        let fields = text[text.index(after: name)...].split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    private static func ownSeconds() -> Double {
        #if canImport(Darwin)
            typealias Who = Int32
        #else
            typealias Who = __rusage_who_t
        #endif
        func seconds(_ who: Who) -> Double {
            var usage = rusage()
            getrusage(who, &usage)
            return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
        }
        #if canImport(Darwin)
            return seconds(RUSAGE_SELF) + seconds(RUSAGE_CHILDREN)
        #else
            return seconds(Who(RUSAGE_SELF.rawValue)) + seconds(Who(RUSAGE_CHILDREN.rawValue))
        #endif
    }
}
