// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import ArgumentParser
import Foundation
import HomeWiseDomain
import HomeWiseKit

struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "logs", abstract: "Show what a model's engine said.")

    @Argument(help: "The model, by name.") var model: String
    @Flag(name: [.customShort("f"), .long], help: "Go on showing what it says.") var follow = false
    @Option(name: [.customShort("n"), .long], help: "Only the last lines.") var lines: Int?

    func run() async throws {
        if let lines, lines < 0 { throw Failure.badInput("--lines \(lines) is no number of lines.", remedy: "Give 0 or more.") }
        let path = try await HomeWise.open(World.ofThisProcess()) { try $0.log(of: model) }
        var reader = try LogReader(path)
        let all = try reader.rest()
        Terminal.answer(Terminal.plain(lines.map { Self.last($0, of: all) } ?? all))
        guard follow else { return }
        try await Interrupts.shared.cancelling(isLast: true) { [reader] in
            var reader = reader
            while true {
                try await Task.sleep(for: .milliseconds(200))
                let more = try reader.rest()
                if !more.isEmpty { Terminal.answer(Terminal.plain(more)) }
            }
        }
    }

    private static func last(_ count: Int, of text: String) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast(text.hasSuffix("\n") ? 1 : 0)
        return lines.suffix(count).map { $0 + "\n" }.joined()
    }
}

/// Reads a file that grows, and that begins anew with each start of an engine.
struct LogReader {
    private let path: String
    private var offset: UInt64 = 0
    private var file: UInt64 = 0

    init(_ path: String) throws { self.path = path }

    /// What came since the last look.
    ///
    /// - Throws: `Failure.storeUnusable` where it cannot be read.
    mutating func rest() throws -> String {
        do {
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            let (number, size) = (attributes[.systemFileNumber] as? UInt64 ?? 0, attributes[.size] as? UInt64 ?? 0)
            if number != file || size < offset { (file, offset) = (number, 0) }
            let handle = try FileHandle(forReadingFrom: URL(filePath: path))
            defer { try? handle.close() }
            try handle.seek(toOffset: offset)
            let data = try handle.readToEnd() ?? Data()
            offset += UInt64(data.count)
            return String(decoding: data, as: UTF8.self)
        } catch { throw Failure.unreadable(path: path, reason: error.localizedDescription) }
    }
}
