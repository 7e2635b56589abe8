// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
public import HomeWiseDomain
import HomeWiseEngines
import HomeWiseMachine
import HomeWiseSources
import HomeWiseStore

/// The house: every operation begins here. One value for a whole run of the program, had through `open`, which also
/// closes its connections.
public struct HomeWise: Sendable {
    public let world: World
    let registryDesk: RegistryDesk
    let store: ModelStore
    let transport: Transport
    let probe = MachineProbe()
    /// Looks at the load of the machine from the beginning, so that a launch need not wait for a figure.
    let load: LoadProbe?
    let loadSince = ContinuousClock.now
    /// What models hold that the serving process has loaded: it gives way, so it counts as free.
    var held = Footprint()

    /// Opens the store, making it where there is none.
    ///
    /// - Throws: `Failure.storeUnusable`.
    init(world: World) throws {
        self.world = world
        store = try ModelStore(home: world.home, state: world.state)
        store.findings.forEach(world.notice)
        registryDesk = RegistryDesk(base: world.registry, store: store)
        transport = Transport(policy: world.patience.allowing(world.limits), environment: world.environment)
        load = LoadProbe(probe)
        reapLeftovers()
    }

    /// Runs a body with a house and closes it afterwards.
    public static func open<Value: Sendable>(_ world: World, body: @Sendable (HomeWise) async throws -> Value) async throws -> Value {
        let house = try HomeWise(world: world)
        let outcome: Result<Value, any Error>
        do { outcome = try await .success(body(house)) } catch { outcome = .failure(error) }
        try await house.transport.shutdown()
        return try outcome.get()
    }

    /// This machine, with the disk that holds the store.
    ///
    /// - Parameters:
    ///   - askingEngine: also ask the installed engine which devices it can use (some 50 ms).
    ///   - includingVulkan: also ask Vulkan, which loads the drivers of all cards.
    public func hardware(askingEngine: Bool = true, includingVulkan: Bool = false) async throws -> SystemCapabilities {
        var machine = MemoryBudget.without(held, probe.capabilities(store: world.home, includingVulkan: includingVulkan))
        guard askingEngine, let manifest = try engineInUse() else { return machine }
        machine.engineDevices = try await devices(of: manifest)
        if machine.engineDevices == nil { machine.findings.append("The engine \(manifest.version) does not tell its devices.") }
        // One that shares the machine's memory would hardly be faster than the processor: nothing is lost.
        if machine.gpus.contains(where: { $0.memoryIsShared != true }), machine.engineDevices?.isEmpty == true {
            machine.findings.append("A GPU is here, but the engine \(manifest.version) cannot use it: models run on the CPU.")
        }
        return machine
    }

    /// An engine that we built for the processor alone has no other device, and need not be started to say so.
    private func devices(of manifest: EngineManifest) async throws -> [String]? {
        if manifest.origin == .built, !manifest.flags.contains(where: { Self.gpuFlags.contains($0) }) { return [] }
        return try await LlamaCPP(manifest).devices(on: engineHost)
    }

    /// What brings a GPU into a build of llama.cpp (ggml/CMakeLists.txt).
    private static let gpuFlags: Set = [
        "-DGGML_CUDA=ON", "-DGGML_VULKAN=ON", "-DGGML_HIP=ON", "-DGGML_METAL=ON", "-DGGML_SYCL=ON", "-DGGML_MUSA=ON", "-DGGML_OPENCL=ON",
    ]

    /// The same house, in which the memory of loaded models counts as free.
    public func beside(_ loaded: [ResidentReport]) -> HomeWise {
        var house = self
        house.held.own = loaded.reduce(0) { $0 + ($1.anonymous?.bytes ?? $1.planned?.own ?? 0) }
        return house
    }

    /// Models whose files are here.
    public func installed() throws -> [Installed] { try store.models().map(Installed.init) }

    /// Remembers that a person accepted a model's terms.
    public func acceptTerms(of model: ModelInfo) throws {
        if let terms = model.terms { try store.inventory.accept(terms: terms.name, at: world.now()) }
    }

    public func needsAcceptance(_ model: ModelInfo) throws -> Bool {
        try model.terms.map { try !store.inventory.acceptedTerms().contains($0.name) } ?? false
    }

    var engineHost: EngineHost {
        EngineHost(
            guardProgram: world.executable, runFolder: store.layout.run, logFolder: store.layout.logs, environment: world.environment,
            isSandboxed: world.isSandboxed)
    }
}

extension Installed {
    init(_ model: InstalledModel) {
        self.init(
            name: model.name, quantization: model.tag, size: model.size, digest: model.digest, path: model.path, source: model.source,
            projector: model.files.first { $0.role == .projector }?.place,
            folder: model.folder ?? (model.path as NSString).deletingLastPathComponent)
    }
}
