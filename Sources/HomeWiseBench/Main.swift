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
        var arguments = CommandLine.arguments.dropFirst()
        let verb = arguments.popFirst()
        let server = arguments.popFirst() ?? ""
        switch verb {
        case "memory": try await MemoryBench(server: server).run()
        case "running": try await RunningBench(server: server, files: Array(arguments)).run()
        case "speed": try await SpeedBench(server: server, files: Array(arguments)).run()
        case "start":
            try await StartBench(server: server, file: arguments.popFirst() ?? "", pairs: arguments.popFirst().flatMap { Int($0) } ?? 9)
                .run()
        case "model": try ModelBench(file: server).run()
        case "download": try await DownloadBench([server] + arguments).run()
        case "header": try HeaderBench(files: [server] + arguments).run()
        default:
            FileHandle.standardError.write(
                Data(
                    "usage: HomeWiseBench memory|running|speed SERVER [FILE …] | header FILE … | model FILE | start SERVER FILE [PAIRS] | download URL BYTES SHA256 STORE CONNECTIONS\n"
                        .utf8))
            exit(64)
        }
    }
}
