// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseTesting
import Testing

/// Other people's programs that the sources are held against: a registry, and the official clients.
enum Peers {
    /// The folder that `scripts/test-peers.sh` fills, once.
    static func folder() throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let outcome = try run(root.appending(path: "scripts/test-peers.sh").path, [])
        try #require(outcome.status == 0, "the peers could not be fetched:\n\(outcome.text)")
        return outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    struct Outcome {
        var status: Int32
        var output: String
        /// Everything that it wrote.
        var text: String
    }

    /// Runs a program to its end, its output through files: nobody waits for a full pipe.
    static func run(_ program: String, _ arguments: [String], _ environment: [String: String] = [:], in folder: String? = nil) throws
        -> Outcome
    {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        if let folder { process.currentDirectoryURL = URL(filePath: folder) }
        let base = NSTemporaryDirectory() + "hw-peer-\(UUID())"
        defer { for end in [".out", ".err"] { try? FileManager.default.removeItem(atPath: base + end) } }
        let handles = try [".out", ".err"].map { end in
            try Data().write(to: URL(filePath: base + end))
            return try FileHandle(forWritingTo: URL(filePath: base + end))
        }
        (process.standardOutput, process.standardError) = (handles[0], handles[1])
        try process.run()
        process.waitUntilExit()
        let texts = [".out", ".err"].map {
            FileManager.default.contents(atPath: base + $0).map { String(decoding: $0, as: UTF8.self) } ?? ""
        }
        return Outcome(status: process.terminationStatus, output: texts[0], text: texts.joined())
    }
}

/// Debian's docker-registry on a free port of the loopback, gone when the body is done.
struct RealRegistry {
    let host: String
    let peers: String

    /// Name and password, where it wants any; the hash is bcrypt's of “hush”.
    static let login = "ada:$2b$05$abcdefghijklmnopqrstuulzd.YqjLDl8lvpSmVj3De/fioSBHnUa\n"

    static func run<Value>(asksForLogin: Bool, _ body: (RealRegistry) async throws -> Value) async throws -> Value {
        let peers = try Peers.folder()
        let folder = TemporaryFolder.path
        try Data(login.utf8).write(to: URL(filePath: folder + "/htpasswd"))
        let auth = asksForLogin ? "auth:\n  htpasswd:\n    realm: test\n    path: \(folder)/htpasswd\n" : ""
        let settings = """
            version: 0.1
            log: {level: info}
            storage:
              filesystem: {rootdirectory: \(folder)/registry}
            http: {addr: "127.0.0.1:0"}
            \(auth)
            """
        try Data(settings.utf8).write(to: URL(filePath: folder + "/registry.yml"))
        let log = folder + "/registry.log"
        try Data().write(to: URL(filePath: log))
        let process = Process()
        process.executableURL = URL(filePath: peers + "/docker-registry")
        process.arguments = ["serve", folder + "/registry.yml"]
        process.standardOutput = try FileHandle(forWritingTo: URL(filePath: log))
        process.standardError = process.standardOutput
        try process.run()
        defer {
            process.terminate()
            process.waitUntilExit()
        }
        var port: String?
        let isUp = await eventually(within: .seconds(20)) {
            let text = FileManager.default.contents(atPath: log).map { String(decoding: $0, as: UTF8.self) } ?? ""
            port = text.firstMatch(of: /listening on 127\.0\.0\.1:(\d+)/).map { String($0.1) }
            return port != nil
        }
        try #require(isUp, "\(FileManager.default.contents(atPath: log).map { String(decoding: $0, as: UTF8.self) } ?? "")")
        return try await body(RealRegistry(host: "127.0.0.1:\(port ?? "")", peers: peers))
    }

    /// Pushes files with `oras`, logging in first where a folder for the login is given.
    func push(_ files: [String], as target: String, from folder: String, login: String? = nil) throws {
        let script = """
            import sys, oras.client
            host, target, config, files = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
            client = oras.client.OrasClient(hostname=host, insecure=True)
            if config:
                client.login(username="ada", password="hush", hostname=host, insecure=True, config_path=config)
            client.push(target=host + "/" + target, files=files, config_path=config or None)
            """
        let outcome = try Peers.run(
            peers + "/python/bin/python", ["-c", script, host, target, login.map { $0 + "/config.json" } ?? ""] + files,
            login.map { ["DOCKER_CONFIG": $0] } ?? [:], in: folder)
        try #require(outcome.status == 0, "oras could not push:\n\(outcome.text)")
    }
}
