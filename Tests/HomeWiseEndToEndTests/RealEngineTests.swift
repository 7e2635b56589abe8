// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseDomain
@testable import HomeWiseEngines

/// What only a real engine with a real model can show: threads that change between two tokens, a device that fails.
@Suite(.temporaryFolder, .serialized, .timeLimit(.minutes(10))) struct RealEngineTests {
    struct House {
        var host: EngineHost
        var manifest: EngineManifest
        var model: String
    }

    func house() async throws -> House {
        let home = TemporaryFolder.path + "/home"
        let program = Program(home: home, ["HF_ENDPOINT": "http://127.0.0.1:1"])
        try #require(await program.run("engine", "install", "llama.cpp").code == 0)
        try #require(await program.run("pull", "smollm2-135m-instruct").code == 0)
        let host = EngineHost(
            guardProgram: Products.homewise, runFolder: home + "/run", logFolder: home + "/logs",
            environment: ProcessInfo.processInfo.environment)
        let files = try #require(FileManager.default.enumerator(atPath: home + "/models"))
        let weights = try #require(files.compactMap { $0 as? String }.first { $0.hasSuffix(".gguf") })
        let manifest = try #require(EngineShelf(folder: home + "/engines", program: Products.homewise).installed("llama.cpp").first)
        return House(host: host, manifest: manifest, model: home + "/models/" + weights)
    }

    func plan(_ house: House, threads: Int = 1) -> LaunchPlan {
        LaunchPlan(model: house.model, alias: "m", options: ContextOptions(context: 1024), threads: threads, reasons: [])
    }

    @Test func threadsChangeBetweenTwoTokensOfARealEngine() async throws {
        let house = try await house()
        let library = GovernorLibrary(host: house.host, folder: TemporaryFolder.path + "/governor")
        let path = try #require(await library.made().path)
        #expect(try await library.isHeeded(by: house.manifest, library: path))
        var plan = plan(house, threads: 2)
        plan.mostThreads = 2
        try await EngineServer(LlamaCPP(house.manifest, governor: path), host: house.host).run(plan) { session in
            let board = try #require(session.board)
            #expect(board.inForce == 2, "the first token is there")
            // A reader may lag behind the engine, so it is the board that is watched.
            let asking = Task {
                for try await _ in try await session.client.chat([ChatMessage(.user, "Tell me a very long story.")], limit: 900) {}
            }
            for threads in [1, 2, 1] {
                board.set(threads)
                let steps = board.steps
                #expect(await eventually(within: .seconds(60)) { board.inForce == threads && board.steps > steps + 2 }, "\(threads)")
            }
            asking.cancel()
            _ = await asking.result
        }
    }

    /// A real second device: llama.cpp's RPC server on loopback.
    private func device(of house: House, port: Int) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: try #require(house.manifest.tool("ggml-rpc-server")))
        process.arguments = ["-H", "127.0.0.1", "-p", "\(port)"]
        (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
        try process.run()
        return process
    }

    /// The same engine, told of the device.
    private func knowing(_ port: Int, _ house: House) throws -> EngineManifest {
        var manifest = house.manifest
        let script =
            "#!/bin/sh\ncase \" $* \" in *\" RPC0 \"*) exec '\(manifest.server)' --rpc 127.0.0.1:\(port) \"$@\";; esac\nexec '\(manifest.server)' \"$@\"\n"
        manifest.server += ".rpc"
        try #require(
            FileManager.default.createFile(atPath: manifest.server, contents: Data(script.utf8), attributes: [.posixPermissions: 0o755]))
        return manifest
    }

    private func fit() -> Fit {
        let model = ModelInfo(name: "m", type: .gguf, size: ByteCount(1), tier: .compact)
        let variant = ModelVariant(quantization: "Q4_1", size: ByteCount(1), sources: [])
        let options = ContextOptions(context: 1024)
        let cpu = SystemCapabilities.CPU(architecture: "x86_64", logicalCores: 1)
        return Fit(
            model: model, variant: variant, facts: model.facts(variant), options: options,
            memory: MemoryEstimate(model.facts(variant), file: variant.size, options, cpu: cpu),
            speed: SpeedEstimate(tokensPerSecond: 1, basis: .assumed), isInstalled: true)
    }

    private func onDevice(_ house: House) -> LaunchPlan {
        var plan = plan(house)
        plan.placement = Placement(gpu: .init(name: "RPC", bandwidth: 1e9, engineName: "RPC0"), gpuLayers: 31)
        return plan
    }

    @Test("SUP-03 a device that is lost in mid-answer, or absent at the start, leads to the processor and an answer")
    func lostDevice() async throws {
        let house = try await house()
        let port = try await freePort()
        let manifest = try knowing(port, house)
        let device = try device(of: house, port: port)
        defer { if device.isRunning { device.terminate() } }
        try #require(await eventually(within: .seconds(10)) { canConnect(port) })
        // Lost while it answers.
        let first = try await climb(manifest, house) { supervisor, rungs in
            let seat = try await supervisor.seat()
            #expect(rungs.withLock { $0 }.isEmpty && seat.order.plan.placement != .cpu, "it ran on the device")
            var tokens = 0
            do {
                for try await part in try await seat.session.client.chat([ChatMessage(.user, "Tell a long story.")], limit: 400) {
                    guard case .text = part else { continue }
                    tokens += 1
                    if tokens == 5 { kill(device.processIdentifier, SIGKILL) }
                }
                Issue.record("the answer ended as if nothing had happened, after \(tokens) tokens")
            } catch {
                let failure = await seat.session.explain(error) as? Failure
                #expect(failure?.code == .engineDied && failure?.engineCause == .deviceLost, "\(String(describing: failure))")
                await supervisor.lost(seat, try #require(failure))
            }
        }
        #expect(first == [.processorOnly])
        // Absent at the start.
        #expect(try await climb(manifest, house) { _, _ in } == [.processorOnly])
    }

    /// Runs the body beside a supervisor that climbs the ladder, then asks whoever sits there by then.
    private func climb(
        _ manifest: EngineManifest, _ house: House, _ body: @escaping @Sendable (Supervisor, borrowing Mutex<[Rung]>) async throws -> Void
    ) async throws -> [Rung] {
        let rungs = Mutex<[Rung]>([])
        let ladder = Mutex(RecoveryLadder())
        let supervisor = Supervisor(
            server: EngineServer(LlamaCPP(manifest), host: house.host), order: .init(plan: onDevice(house), fit: fit()),
            recover: { failure, order in
                let cause = try #require(failure.engineCause)
                let step = ladder.withLock { $0.next(after: Trouble(cause, order.plan), plan: order.plan) }
                guard case .relaunch(let plan, let taken) = step else { throw failure }
                rungs.withLock { $0 += taken.map(\.rung) }
                return .init(plan: plan, fit: order.fit)
            })
        try await supervisor.run { supervisor in
            try await body(supervisor, rungs)
            let seat = try await supervisor.seat()
            var text = ""
            for try await part in try await seat.session.client.chat([ChatMessage(.user, "Say hello.")], limit: 20) {
                if case .text(let piece) = part { text += piece }
            }
            #expect(!text.isEmpty && seat.order.plan.placement == .cpu)
        }
        return rungs.withLock { $0 }
    }

    private func freePort() async throws -> Int {
        let server = try await LoopbackServer.start { _ in .init() }
        let port = try #require(URL(string: server.url)?.port)
        try await server.stop()
        return port
    }

    private func canConnect(_ port: Int) -> Bool {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        (address.sin_family, address.sin_port, address.sin_addr.s_addr) = (
            sa_family_t(AF_INET), in_port_t(port).bigEndian, inet_addr("127.0.0.1")
        )
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
