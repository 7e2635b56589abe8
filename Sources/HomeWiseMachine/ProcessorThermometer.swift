// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// The processor's temperature, from the kernel's sensors: hwmon's first, which are read from the chip itself, then thermal zones.
///
/// (Documentation/hwmon/sysfs-interface.rst and driver-api/thermal/sysfs-api.rst of Linux; both tell thousandths of a degree.)
package struct ProcessorThermometer: Sendable {
    private let probe: MachineProbe
    private var files: [String]

    /// Drivers of sensors within processors: Intel's, AMD's, and those of common boards.
    private static let drivers: Set<String> = [
        "coretemp", "k10temp", "zenpower", "cpu_thermal", "cpu-thermal", "soc_thermal", "via_cputemp",
    ]
    /// What a chip of silicon can have while it works, in °C; everything else is a sensor that is not there.
    private static let possible = 1.0...150.0

    package init(_ probe: MachineProbe) {
        self.probe = probe
        files = Self.files(probe)
    }

    /// - Returns: the hottest part, in °C; `nil` where the machine does not tell, as virtual ones seldom do.
    package mutating func celsius() -> Double? {
        if let hottest = hottest() { return hottest }
        // Sensors get other numbers when a driver is loaded anew.
        files = Self.files(probe)
        return hottest()
    }

    private func hottest() -> Double? {
        files.compactMap { probe.number($0).map { Double($0) / 1_000 } }.filter(Self.possible.contains).max()
    }

    private static func files(_ probe: MachineProbe) -> [String] {
        let chips = probe.names(in: "sys/class/hwmon").map { "sys/class/hwmon/" + $0 }
            .filter { probe.line($0 + "/name").map(drivers.contains) ?? false }
        let inputs = chips.flatMap { Self.inputs(of: $0, probe) }
        return inputs.isEmpty ? zones(probe) : inputs
    }

    /// AMD's “Tctl” is a figure for fans, up to 27 degrees above the chip's own “Tdie”: where both are told it does not count.
    /// (Documentation/hwmon/k10temp.rst)
    private static func inputs(of chip: String, _ probe: MachineProbe) -> [String] {
        let all = probe.names(in: chip).filter { $0.hasPrefix("temp") && $0.hasSuffix("_input") }
            .map { (file: chip + "/" + $0, label: probe.line(chip + "/" + $0.dropLast(5) + "label")) }
        let hasDie = all.contains { $0.label == "Tdie" }
        return all.filter { !(hasDie && $0.label == "Tctl") }.map(\.file)
    }

    private static func zones(_ probe: MachineProbe) -> [String] {
        probe.names(in: "sys/class/thermal").filter { $0.hasPrefix("thermal_zone") }.map { "sys/class/thermal/" + $0 }
            .filter { isProcessor(probe.line($0 + "/type") ?? "") }.map { $0 + "/temp" }
    }

    /// A zone without such a name may be anything: a battery, a radio, the case.
    private static func isProcessor(_ type: String) -> Bool {
        type == "x86_pkg_temp" || type.hasPrefix("cpu") || type.hasPrefix("soc") || type.hasPrefix("package")
    }
}
