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
            client = oras.client.OrasClient(hostname=host, insecure=True, auth_backend="basic" if config else "token")
            if config:
                client.login(username="ada", password="hush", hostname=host, config_path=config)
            client.push(target=host + "/" + target, files=files, config_path=config or None)
            """
        let outcome = try Peers.run(
            peers + "/python/bin/python", ["-c", script, host, target, login.map { $0 + "/config.json" } ?? ""] + files,
            login.map { ["DOCKER_CONFIG": $0] } ?? [:], in: folder)
        try #require(outcome.status == 0, "oras could not push:\n\(outcome.text)")
    }

    /// Pushes a model as Ollama lays it out: layers with media types of its own, and no names of files.
    func pushOllama(_ weights: String, as name: String, tag: String) throws {
        let script = """
            import sys, json, hashlib, requests
            base, tag, path = "http://" + sys.argv[1] + "/v2/" + sys.argv[2], sys.argv[3], sys.argv[4]
            kind = "application/vnd.ollama.image."
            def put(data, media):
                digest = "sha256:" + hashlib.sha256(data).hexdigest()
                place = requests.post(base + "/blobs/uploads/").headers["Location"]
                requests.put(place + "&digest=" + digest, data=data, headers={"Content-Type": "application/octet-stream"}).raise_for_status()
                return {"mediaType": media, "digest": digest, "size": len(data)}
            manifest = {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
                "config": put(b'{"model_format":"gguf"}', "application/vnd.docker.container.image.v1+json"),
                "layers": [put(open(path, "rb").read(), kind + "model"), put(b"{{ .Prompt }}", kind + "template"), put(b"MIT", kind + "license"), put(b'{"stop":[]}', kind + "params")]}
            requests.put(base + "/manifests/" + tag, data=json.dumps(manifest), headers={"Content-Type": manifest["mediaType"]}).raise_for_status()
            """
        let outcome = try Peers.run(peers + "/python/bin/python", ["-c", script, host, name, tag, weights])
        try #require(outcome.status == 0, "the model could not be pushed:\n\(outcome.text)")
    }
}
