// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

extension TorchEnvironment {
    /// Makes the environment as planned, and proves it: the worker loads a model that is made on the spot, and writes a token. What
    /// an interrupted run fetched is used; what is whole is not made again.
    ///
    /// - Parameter report: told in a few words what is being done, step by step.
    /// - Throws: `Failure.diskTooSmall` before anything is fetched, `Failure.environmentFailed` with the end of the log,
    ///   `Failure.engineDidNotStart` where it does not work in the end.
    package func install(_ plan: TorchPlan, report: @escaping @Sendable (String) -> Void) async throws -> EngineManifest {
        let places = TorchPlaces(folder: plan.folder)
        try places.makeFolder()
        let turn = try await turn(at: places) { report("Waiting for another program that makes this environment") }
        defer { withExtendedLifetime(turn) {} }
        if places.readNote() == nil { try await makePackages(plan, places, report) }
        if !places.isProven { try await makeWorker(places, report) }
        return try manifest(places)
    }

    private func makePackages(_ plan: TorchPlan, _ places: TorchPlaces, _ report: @escaping @Sendable (String) -> Void) async throws {
        if let free = try places.free(), free < plan.candidate.space {
            throw Failure.diskTooSmall(path: places.folder, needed: plan.candidate.space, free: free)
        }
        report("Making an environment with Python \(plan.version)")
        try await makeEnvironment(places, plan.python, report)
        // torch by itself: another index may be asked for it than for the rest.
        try await fetch([plan.candidate.requirement], plan.candidate.pipArguments, places, report)
        try await fetch(recipe.packages.map(\.requirement) + [plan.candidate.requirement], [], places, report)
        let python = try await PythonProgram.find(recipe.pythons, on: host)
        try places.write(.init(torch: plan.candidate.version, python: plan.version.description, prefix: python.prefix))
        try EngineShelf.remove(places.fetched)
    }

    private func makeWorker(_ places: TorchPlaces, _ report: @escaping @Sendable (String) -> Void) async throws {
        report("Proving that it works")
        try WorkerPackage(places: places).write()
        let proof = try await TorchProof(host: host).prove(manifest(places))
        do { try Data(proof.utf8).write(to: URL(filePath: places.proof), options: .atomic) } catch {
            throw Failure.cannotWrite(path: places.proof, error: error)
        }
        try removeOtherWorkers(places)
    }

    /// Workers of former versions; one that runs goes on running, since Python has read it.
    private func removeOtherWorkers(_ places: TorchPlaces) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: places.folder)
        where name.hasPrefix("worker-") && places.folder + "/" + name != places.worker {
            try EngineShelf.remove(places.folder + "/" + name)
        }
    }

    func makeEnvironment(_ places: TorchPlaces, _ python: String, _ report: @escaping @Sendable (String) -> Void) async throws {
        let works = try await isWorking(places)
        guard !works else { return }
        try EngineShelf.remove(places.environment)
        try await step("environment", host.process(python, ["-I", "-m", "venv", places.environment]), report)
    }

    /// An interrupted one may have Python and no pip.
    private func isWorking(_ places: TorchPlaces) async throws -> Bool {
        guard FileManager.default.isExecutableFile(atPath: places.python) else { return false }
        return try await host.process(places.python, ["-I", "-m", "pip", "--version"]).run(within: .seconds(30)).exit?.isSuccess == true
    }

    private func fetch(
        _ requirements: [String], _ options: [String], _ places: TorchPlaces, _ report: @escaping @Sendable (String) -> Void
    ) async throws {
        let arguments = ["install", "--only-binary=:all:", "--cache-dir", places.fetched, "--progress-bar", "off"] + options + requirements
        try await step("packages", pip(places, arguments), report)
    }

    func pip(_ places: TorchPlaces, _ arguments: [String]) -> GuardedProcess {
        // Not `-I`: pip would not see its own settings in the environment then.
        host.process(
            places.python, ["-m", "pip"] + arguments + ["--no-input", "--disable-pip-version-check"],
            adding: TorchRecipe.pipEnvironment(host.environment).merging(["PYTHONNOUSERSITE": "1"]) { $1 })
    }

    private func step(_ name: String, _ process: GuardedProcess, _ report: @escaping @Sendable (String) -> Void) async throws {
        let file = "\(host.logFolder)/\(Self.name)-\(name).log"
        let log = LogTail(path: file) { line in
            if let words = TorchRecipe.progress(inPip: line) { report(words) }
        }
        let exit = try await process.runToEnd(log: log)
        try Task.checkCancellation()
        guard exit.isSuccess else {
            await log.untilWhole()
            throw Failure.environmentFailed(step: name, status: exit.sentence, tail: log.last(40), log: file)
        }
    }
}
