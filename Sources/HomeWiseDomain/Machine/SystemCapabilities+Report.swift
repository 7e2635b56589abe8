// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation

extension SystemCapabilities {
    /// One line of a report.
    public typealias ReportLine = (label: String, text: String)

    /// This machine for a person to read, or to paste into a question to others: no user name and no host name is in it.
    /// What is unknown says so where people would look for it, and is left out elsewhere.
    ///
    /// - Parameter home: the person's home folder, which is shown as “~”; its last part is taken for their name.
    public func report(home: String) -> [ReportLine] {
        let privacy = Privacy(home: home)
        var lines: [ReportLine] = product.map { [("Machine", $0)] } ?? []
        lines += cpu.report + memory.report
        lines += gpus.isEmpty ? [("GPU", "none found")] : gpus.map { ("GPU", $0.summary) }
        lines += (vulkanDevices ?? []).map { ("Vulkan", $0.summary) }
        lines += engineLines
        lines += ([storage].compactMap { $0 } + (moreStorage ?? [])).map { ("Disk", $0.summary) }
        lines += findings.map { ("Finding", $0) }
        return lines.map { ($0.label, privacy.hidden($0.text)) }
    }

    private var engineLines: [ReportLine] {
        guard let engineDevices else { return [("Engine", "not asked")] }
        guard !engineDevices.isEmpty else { return [("Engine", "uses the CPU; it names no other device")] }
        return engineDevices.map { ("Engine", $0) }
    }

    /// Takes a person's name out of paths.
    private struct Privacy {
        let home: String
        let user: String?

        init(home: String) {
            let parts = home.split(separator: "/")
            self.home = parts.isEmpty ? "" : "/" + parts.joined(separator: "/")
            // root is no one's name, and a folder called root no secret.
            user = parts.last.map(String.init).flatMap { $0 == "root" ? nil : $0 }
        }

        /// Only whole parts of a path count: a home of /home/al leaves /home/alice and the word “al” alone.
        func hidden(_ text: String) -> String {
            guard !home.isEmpty else { return text }
            let text = replacing(home, by: "~", in: text) { $0.map { $0.isWhitespace || "“\"'(".contains($0) } ?? true }
            return user.map { replacing("/" + $0, by: "/…", in: text) { _ in true } } ?? text
        }

        private func replacing(_ part: String, by new: String, in text: String, after isStart: (Character?) -> Bool) -> String {
            var (result, rest) = ("", text[...])
            while let range = rest.range(of: part) {
                let before = rest[..<range.lowerBound].last ?? result.last
                let isWhole = rest[range.upperBound...].first.map { !($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") } ?? true
                result += rest[..<range.lowerBound] + (isWhole && isStart(before) ? new : part)
                rest = rest[range.upperBound...]
            }
            return result + rest
        }
    }
}

extension SystemCapabilities.CPU {
    fileprivate var report: [SystemCapabilities.ReportLine] {
        var lines = [
            ("Processor", "\(model ?? vendor ?? "unknown") (\(architecture))"),
            ("Cores", coreParts.joined(separator: ", ")),
            ("Features", features.isEmpty ? "none known" : features.joined(separator: " ")),
        ]
        if let caches, !caches.isEmpty { lines.append(("Caches", caches.map(\.summary).joined(separator: ", "))) }
        return lines
    }

    private var coreParts: [String] {
        [
            "\(physicalCores.text) physical", "\(logicalCores) logical", sockets.flatMap { $0 > 1 ? "\($0) sockets" : nil },
            performanceCores.map { "\($0) performance" }, efficiencyCores.map { "\($0) efficiency" },
            allowedCores.map { "\($0) allowed" }, quotaCores.map { "\(String(format: "%.1f", $0)) granted" },
        ].compactMap { $0 }
    }
}

extension SystemCapabilities.Cache {
    /// Caches are powers of two, and their makers name them so.
    fileprivate var summary: String {
        let kibibytes = size.bytes / 1024
        let text = kibibytes >= 1024 && kibibytes % 1024 == 0 ? "\(kibibytes / 1024) MiB" : "\(kibibytes) KiB"
        let suffix =
            switch content {
            case .data: "d"
            case .instructions: "i"
            case .unified: ""
            }
        return "L\(level)\(suffix) \(text)"
    }
}

extension SystemCapabilities.Memory {
    fileprivate var report: [SystemCapabilities.ReportLine] {
        var lines = [
            (
                "Memory",
                "\(total.text), \(available.text) available" + (limit.map { ", limited to \($0) with \(limitAvailable.text) left" } ?? "")
            )
        ]
        if let swapTotal { lines.append(("Swap", swapTotal.bytes == 0 ? "none" : "\(swapTotal), \(swapFree.text) free")) }
        if let bandwidth { lines.append(("Bandwidth", String(format: "%.1f GB/s", bandwidth / 1e9))) }
        // Only news is worth a line: without pressure nothing waits.
        if let worst = [pressure?.some, limitPressure?.some].compactMap({ $0 }).max(), worst > 0 {
            lines.append(("Pressure", String(format: "programs waited %.0f %% of the last ten seconds for memory", worst * 100)))
        }
        return lines
    }
}

extension Optional where Wrapped: CustomStringConvertible {
    fileprivate var text: String { self?.description ?? "unknown" }
}
