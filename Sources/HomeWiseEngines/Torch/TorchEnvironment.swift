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

    /// The engine's name.
    package static let name = "pytorch"
    /// The variable that names `cpuIndex`.
    package static let indexVariable = "HOMEWISE_TORCH_INDEX"

    /// - Parameters:
    ///   - cache: the folder that can be lost.
    ///   - cpuIndex: as a person set it; else the variable in the host's environment.
    package init(host: EngineHost, cache: String, recipe: TorchRecipe = .current, machine: TorchRecipe.Machine, cpuIndex: String? = nil) {
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
        let python = try await PythonProgram.find(recipe.pythons, on: host)
        let candidates = recipe.candidates(for: machine, cpuIndex: cpuIndex)
        if let here = candidates.first(where: { places($0.build, python.version).readNote() != nil }) {
            return plan(here, python, isInstalled: places(here.build, python.version).isProven)
        }
        var tail: [String] = []
        for candidate in candidates {
            let lines = try await versions(candidate, python)
            if TorchRecipe.offers(candidate, in: lines) { return plan(candidate, python, isInstalled: false) }
            tail = lines
        }
        throw Failure.torchNotOffered(recipe.torch, python: python.version, tail: tail)
    }

    private func plan(_ candidate: TorchRecipe.Candidate, _ python: PythonProgram, isInstalled: Bool) -> TorchPlan {
        TorchPlan(
            python: python.path, version: python.version, candidate: candidate, folder: places(candidate.build, python.version).folder,
            isInstalled: isInstalled)
    }

    /// The pip of a fresh environment is asked: the person's own Python may have none.
    private func versions(_ candidate: TorchRecipe.Candidate, _ python: PythonProgram) async throws -> [String] {
        let places = places(candidate.build, python.version)
        try places.makeFolder()
        let latch = try await FolderLatch.hold(places.lock) {}
        defer { _ = latch }
        try await makeEnvironment(places, python.path) { _ in }
        let arguments = ["index", "versions", "torch", "--only-binary=:all:"] + candidate.pipArguments
        let (_, lines) = try await pip(places, arguments).run(within: .seconds(120))
        return lines
    }

    /// The engine where it is installed and proven, without starting anything.
    ///
    /// - Throws: `Failure.pythonMissing` where there is no Python any more that it could stand on.
    package func installed() async throws -> EngineManifest? {
        let python = try await PythonProgram.find(recipe.pythons, on: host)
        let all = recipe.candidates(for: machine, cpuIndex: cpuIndex).map { places($0.build, python.version) }
        return try all.first { $0.readNote() != nil && $0.isProven }.map { try manifest($0) }
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

    /// Removes the environment and all that was fetched for it. - Returns: whether there was one.
    package func remove() async throws -> Bool {
        let python = try await PythonProgram.find(recipe.pythons, on: host)
        let folders = TorchRecipe.Build.allCases.map { places($0, python.version).folder }
            .filter { FileManager.default.fileExists(atPath: $0) }
        for folder in folders { try EngineShelf.remove(folder) }
        return !folders.isEmpty
    }
}
