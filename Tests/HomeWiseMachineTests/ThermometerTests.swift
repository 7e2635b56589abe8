// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseTesting
import Testing

@testable import HomeWiseMachine

@Suite(.temporaryFolder) struct ThermometerTests {
    private func celsius(_ files: [String: String]) throws -> Double? {
        var thermometer = ProcessorThermometer(try machine(files))
        return thermometer.celsius()
    }

    private func chip(_ number: Int, _ name: String, _ inputs: [(String, Int)]) -> [String: String] {
        var files = ["sys/class/hwmon/hwmon\(number)/name": name + "\n"]
        for (index, (label, value)) in inputs.enumerated() {
            files["sys/class/hwmon/hwmon\(number)/temp\(index + 1)_input"] = "\(value)\n"
            files["sys/class/hwmon/hwmon\(number)/temp\(index + 1)_label"] = label + "\n"
        }
        return files
    }

    @Test func theHottestCoreCountsAndOtherChipsDoNot() throws {
        let files = chip(0, "nvme", [("Composite", 99_000)])
            .merging(chip(3, "coretemp", [("Package id 0", 71_000), ("Core 0", 68_000), ("Core 1", 73_000)])) { $1 }
        #expect(try celsius(files) == 73)
    }

    @Test func aFigureForFansDoesNotCountBesideTheChipsOwn() throws {
        #expect(try celsius(chip(0, "k10temp", [("Tctl", 95_000), ("Tdie", 68_000)])) == 68)
    }

    @Test func aFigureForFansCountsWhereItIsAlone() throws { #expect(try celsius(chip(0, "k10temp", [("Tctl", 70_000)])) == 70) }

    @Test func aBoardTellsByItsZones() throws {
        let files = [
            "sys/class/thermal/thermal_zone0/type": "battery\n", "sys/class/thermal/thermal_zone0/temp": "99000\n",
            "sys/class/thermal/thermal_zone1/type": "cpu-thermal\n", "sys/class/thermal/thermal_zone1/temp": "61500\n",
        ]
        #expect(try celsius(files) == 61.5)
    }

    @Test func aMachineWithoutSensorsTellsNothing() throws { #expect(try celsius(["proc/stat": "cpu\n"]) == nil) }

    @Test(arguments: ["", "hot", "-273000", "0", "999000", "9223372036854775807", "18446744073709551616"])
    func whatNoProcessorCanHaveIsNoReading(_ text: String) throws {
        #expect(
            try celsius(["sys/class/hwmon/hwmon0/name": "coretemp\n", "sys/class/hwmon/hwmon0/temp1_input": text + "\n"]) == nil)
    }

    @Test func aSensorThatGotAnotherNumberIsFoundAgain() throws {
        let probe = try machine(chip(0, "coretemp", [("Core 0", 50_000)]))
        var thermometer = ProcessorThermometer(probe)
        #expect(thermometer.celsius() == 50)
        let folder = TemporaryFolder.path + "/tree/sys/class/hwmon/"
        try FileManager.default.moveItem(atPath: folder + "hwmon0", toPath: folder + "hwmon5")
        #expect(thermometer.celsius() == 50)
    }
}
