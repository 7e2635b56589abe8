// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import ArgumentParser
import Foundation
import HomeWiseDomain
import HomeWiseKit

struct HardwareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "hardware", abstract: "Show what this machine is.")

    @Flag(help: "Print the result as JSON; recommend and plan take it as --profile.") var json = false
    @Flag(help: "Also ask Vulkan for its devices, which loads their drivers.") var vulkan = false

    func run() async throws {
        let machine = try await HomeWise.open(World.ofThisProcess()) { try await $0.hardware(includingVulkan: vulkan) }
        if json {
            try Terminal.json(machine)
        } else {
            ReportText.lines(machine.report(home: ReportText.home)).forEach { Terminal.answer($0 + "\n") }
        }
    }
}

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Look everything over: a report to read, or to paste into a question to others.",
        discussion: "No user name, host name or secret is in it. The exit status is 1 where something should be looked at.")

    @Flag(help: "Print the result as JSON.") var json = false

    func run() async throws {
        let examination = try await HomeWise.open(World.ofThisProcess()) { try await $0.examine() }
        if json {
            try Terminal.json(examination, hiding: ReportText.home)
        } else {
            let lines = [("HomeWise", Version.text)] + examination.report(home: ReportText.home)
            ReportText.lines(lines).forEach { Terminal.answer($0 + "\n") }
        }
        if !examination.findings.isEmpty { throw ExitCode(1) }
    }
}

/// A report for a person: the labels in a column of their own.
enum ReportText {
    static var home: String { ProcessInfo.processInfo.environment["HOME"] ?? "" }

    static func lines(_ report: [SystemCapabilities.ReportLine]) -> [String] {
        report.map { $0.label.padding(toLength: 10, withPad: " ", startingAt: 0) + " " + $0.text }
    }
}
