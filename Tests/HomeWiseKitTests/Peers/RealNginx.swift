// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseTesting
import Testing

/// Debian's nginx on free ports of the loopback.
struct RealNginx: Sendable {
    /// Below it lies what is served.
    let root: String
    let ports: [Int]
    private let log: String
    /// Ended by `stop`.
    private let process: Int32

    struct Line {
        var port: Int
        var status: Int
        var bytes: Int
        var range: String
        var ifRange: String
        var uri: String
        /// “HTTP/1.1”.
        var version: String
    }

    /// What it was asked so far, in the order in which it was done with it.
    var lines: [Line] {
        let text = FileManager.default.contents(atPath: log).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 7, let port = Int(parts[0]), let status = Int(parts[1]), let bytes = Int(parts[2]) else { return nil }
            return Line(port: port, status: status, bytes: bytes, range: parts[3], ifRange: parts[4], uri: parts[5], version: parts[6])
        }
    }

    func put(_ bytes: [UInt8], as name: String) throws { try Data(bytes).write(to: URL(filePath: "\(root)/\(name)")) }

    /// - Parameters:
    ///   - ports: how many it needs.
    ///   - servers: `server { … }` blocks for these ports, below `http`.
    init(ports: [Int], _ servers: String) async throws {
        let folder = TemporaryFolder.path + "/nginx"
        for part in ["www", "tmp"] {
            try FileManager.default.createDirectory(atPath: "\(folder)/\(part)", withIntermediateDirectories: true)
        }
        try Data(Self.configuration(folder, servers).utf8).write(to: URL(filePath: folder + "/nginx.conf"))
        let process = Process()
        process.executableURL = try URL(filePath: Peers.folder() + "/nginx")
        process.arguments = ["-c", folder + "/nginx.conf", "-e", folder + "/error.log", "-p", folder]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        (root, self.ports, log, self.process) = (folder + "/www", ports, folder + "/access.log", process.processIdentifier)
        let isUp = await eventually(within: .seconds(10)) { FileManager.default.fileExists(atPath: folder + "/nginx.pid") }
        let errors = FileManager.default.contents(atPath: folder + "/error.log").map { String(decoding: $0, as: UTF8.self) } ?? ""
        try #require(isUp && kill(self.process, 0) == 0, "nginx did not start: \(errors)")
    }

    /// It inherits that SIGTERM is blocked in this process.
    func stop() { kill(process, SIGKILL) }

    private static func configuration(_ folder: String, _ servers: String) -> String {
        let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map { "\($0)_temp_path \(folder)/tmp;" }.joined(separator: " ")
        return """
            daemon off;
            master_process off;
            pid \(folder)/nginx.pid;
            events { worker_connections 256; }
            http {
                log_format bytes '$server_port\\t$status\\t$body_bytes_sent\\t$http_range\\t$http_if_range\\t$request_uri\\t$server_protocol';
                access_log \(folder)/access.log bytes;
                \(places)
                root \(folder)/www;
                \(servers)
            }
            """
    }

    /// nginx cannot be told to take a free one: those that were free a moment ago.
    static func freePorts(_ count: Int) async throws -> [Int] {
        var servers: [LoopbackServer] = []
        for _ in 0..<count { servers.append(try await LoopbackServer.start { _ in .init(404) }) }
        for server in servers { try await server.stop() }
        return servers.compactMap { URL(string: $0.url)?.port }
    }
}
