// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseEngines

/// What the benchmarks in bench/ need of the house's inside.
@main
struct Main {
    static func main() async throws {
        if let status = Guard.runIfAsked(arguments: CommandLine.arguments) { exit(status) }
        let arguments = Array(CommandLine.arguments.dropFirst())
        switch arguments.first {
        case "write":
            let all = MemoryBench.models
            var (bytes, length) = all[Int(arguments[1])!].1.draft().header()
            if arguments.count > 3, arguments[3] == "words" {
                var m = all[Int(arguments[1])!].1; m.hasTokens = true; (bytes, length) = m.draft().header()
            } else if arguments.count > 3 {
                let source = BytePrefix(bytes, length: length); (bytes, length) = try GGUFHeader(source).twin(in: source).header()
            }
            try SparseFile.write(bytes, length: length, to: arguments[2])
        case "write2": try Probe.write(Array(arguments.dropFirst()))
        case "memory": try await MemoryBench(server: arguments[1]).run()
        default:
            FileHandle.standardError.write(Data("usage: homewise-bench memory SERVER\n".utf8))
            exit(64)
        }
    }
}
