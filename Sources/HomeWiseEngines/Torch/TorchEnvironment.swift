// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// The PyTorch engine: torch and transformers in an environment of their own, and our worker in it. Nothing of it touches the
/// person's own Python, and removing it removes all of it.
package struct TorchEnvironment: Sendable {
    package var host: EngineHost
    package var recipe: TorchRecipe
    package var machine: TorchRecipe.Machine
    /// PyTorch's own index of builds for processors, where a person has set it.
    package var cpuIndex: String?
    let engines: String
    private let lock: Lock

    /// Waits until nobody else has the lock at a path, and has it as long as what it gives lives. Locks are of the disk, and so is what there
    /// is to know of them: whoever connects the rooms brings one along.
    package typealias Lock = @Sendable (_ path: String, _ onWait: @escaping @Sendable () -> Void) async throws -> any Sendable

    /// The engine's name.
    package static let name = "pytorch"
    /// The variable that names `cpuIndex`.
    package static let indexVariable = "HOMEWISE_TORCH_INDEX"

    /// - Parameters:
    ///   - cache: the folder that can be lost.
    ///   - cpuIndex: as a person set it; else the variable in the host's environment.
    ///   - lock: keeps two programs from making the same environment at a time.
    package init(
        host: EngineHost, cache: String, recipe: TorchRecipe = .current, machine: TorchRecipe.Machine, cpuIndex: String? = nil,
        lock: @escaping Lock
    ) {
        self.lock = lock
        self.host = host
        self.recipe = recipe
        self.machine = machine
        let told = cpuIndex ?? host.environment[Self.indexVariable]
        self.cpuIndex = told?.isEmpty == false ? told : nil
        engines = cache + "/engines"
    }

    func places(_ build: TorchRecipe.Build, _ version: PythonVersion) -> TorchPlaces {
        TorchPlaces(folder: "\(engines)/\(recipe.key(python: version, build: build))")
    }

    /// What an installation would do. What is there already is taken; else pip is asked which build it can get.
    ///
    /// - Throws: `Failure.pythonMissing`, `Failure.torchNotOffered`, or that pip cannot reach its index.
    package func plan() async throws -> TorchPlan {
        if let (candidate, places, note) = whole() {
            return TorchPlan(
                python: places.python, version: PythonVersion(note.python) ?? recipe.pythons.lowerBound, candidate: candidate,
                folder: places.folder, isFetched: true, isInstalled: places.isProven)
        }
        let python = try await PythonProgram.find(recipe.pythons, on: host)
        var tail: [String] = []
        for candidate in candidates {
            tail = try await versions(candidate, python)
            guard TorchRecipe.offers(candidate, in: tail) else { continue }
            return TorchPlan(
                python: python.path, version: python.version, candidate: candidate,
                folder: places(candidate.build, python.version).folder, isFetched: false, isInstalled: false)
        }
        throw Failure.torchNotOffered(recipe.torch, python: python.version, tail: tail)
    }

    private var candidates: [TorchRecipe.Candidate] { recipe.candidates(for: machine, cpuIndex: cpuIndex) }

    /// The environment that is here, with all its packages; the best build first. Nothing is started to find it.
    private func whole() -> (TorchRecipe.Candidate, TorchPlaces, TorchPlaces.Note)? {
        for candidate in candidates {
            for minor in recipe.pythons.lowerBound.minor...recipe.pythons.upperBound.minor {
                let places = places(candidate.build, PythonVersion(recipe.pythons.lowerBound.major, minor))
                if let note = places.readNote() { return (candidate, places, note) }
            }
        }
        return nil
    }

    func turn(at places: TorchPlaces, onWait: @escaping @Sendable () -> Void) async throws -> any Sendable {
        try await lock(places.lock, onWait)
    }

    /// The pip of a fresh environment is asked: the person's own Python may have none.
    private func versions(_ candidate: TorchRecipe.Candidate, _ python: PythonProgram) async throws -> [String] {
        let places = places(candidate.build, python.version)
        try places.makeFolder()
        let turn = try await turn(at: places) {}
        defer { withExtendedLifetime(turn) {} }
        try await makeEnvironment(places, python.path) { _ in }
        let arguments = ["index", "versions", "torch", "--only-binary=:all:"] + candidate.pipArguments
        let (_, lines) = try await pip(places, arguments).run(within: .seconds(120))
        return lines
    }

    /// The engine where it is installed and proven, without starting anything.
    package func installed() throws -> EngineManifest? {
        guard let (_, places, _) = whole(), places.isProven else { return nil }
        return try manifest(places)
    }

    func manifest(_ places: TorchPlaces) throws -> EngineManifest {
        guard let note = places.readNote() else { throw Failure.environmentGone(places.note) }
        let proof = FileManager.default.contents(atPath: places.proof).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return EngineManifest(
            engine: Self.name, version: note.torch, origin: .environment, server: places.launcher,
            flags: recipe.packages.map(\.requirement), proof: proof)
    }

    /// Folders that whoever runs the worker has to be able to read, the system's own aside.
    package static func readable(_ manifest: EngineManifest) -> [String] {
        let worker = (manifest.server as NSString).deletingLastPathComponent
        let places = TorchPlaces(folder: (worker as NSString).deletingLastPathComponent)
        return [places.folder] + (places.readNote().map { [$0.prefix] } ?? [])
    }

    /// Removes every environment that was ever made here, of former versions too, and all that was fetched for them.
    ///
    /// - Returns: whether there was one.
    package func remove() throws -> Bool {
        guard FileManager.default.fileExists(atPath: engines) else { return false }
        let folders: [String]
        do {
            folders = try FileManager.default.contentsOfDirectory(atPath: engines).filter { $0.hasPrefix(Self.name + "-") }
        } catch { throw Failure.cannotWrite(path: engines, error: error) }
        for folder in folders { try EngineShelf.remove("\(engines)/\(folder)") }
        return !folders.isEmpty
    }
}
