// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseKit
import Synchronization

/// Tells events to a person, in the order in which they come.
final class Story: Sendable {
    private let progress = ProgressLine.shared
    /// Where programs read along.
    private let lines: JSONLines?
    private let skipped = Mutex<[String]>([])
    private let steps = Mutex<[LoadStep]>([])
    /// Whether each step of a load is a line of its own; otherwise they are one, at the end.
    private let isShowingSteps: Bool

    init(lines: JSONLines? = nil, isShowingSteps: Bool = false) {
        self.lines = lines
        self.isShowingSteps = isShowingSteps
    }

    func tell(_ line: DaemonWire.Line) {
        switch line {
        case .step(let step): tell(.loading(step))
        case .told(let label, let text): Terminal.line(label, text)
        case .part, .loaded, .draining, .unloaded, .answered, .failed: break
        }
    }

    func tell(_ event: ResidencyEvent) {
        switch event {
        case .model(let key, .loading(let step)):
            if let seconds = step.seconds { Terminal.line("Loading", "\(key): \(step.phase.words), \(seconds.rounded(toPlaces: 2)) s") }
        case .model(_, let event): tell(event)
        case .draining(let key, let reason): Terminal.line("Unloading", "\(key) once its requests are done: \(reason.words)")
        case .unloading(let key, let reason): Terminal.line("Unloading", "\(key): \(reason.words)")
        case .unloaded(let key): Terminal.line("Unloaded", key)
        }
    }

    private func tell(_ step: LoadStep) {
        if let share = step.share, Terminal.isPerson, isShowingSteps {
            return progress.update(step: Int(share * 100), of: 100)
        }
        guard let seconds = step.seconds else { return }
        progress.finish()
        guard isShowingSteps else { return steps.withLock { $0.append(step) } }
        let count = LoadPhase.allCases.count
        Terminal.line(
            "Step \(step.phase.rawValue)/\(count)",
            "\(step.phase.words), \(seconds.rounded(toPlaces: 2)) s" + (step.words.map { ": \($0)" } ?? ""))
    }

    /// “load configuration 0.01 s, start engine 0.20 s”.
    private func takeSteps() -> String {
        steps.withLock { steps in
            defer { steps = [] }
            return steps.compactMap { step in step.seconds.map { "\(step.phase.words) \($0.rounded(toPlaces: 2)) s" } }.joined(
                separator: ", ")
        }
    }

    func tell(_ event: Event) {
        lines?.tell(event)
        if case .progress(let name, let status) = event {
            progress.update(name, status)
            return
        }
        if case .engineBuilding(let step, let total) = event {
            progress.update(step: step, of: total)
            return
        }
        if case .loading(let step) = event { return tell(step) }
        if case .phase(let model, let phase) = event {
            if Terminal.isPerson { progress.finish() }
            return Terminal.quiet("           \(phase.number) of 5, \(phase.rawValue) of \(model)")
        }
        progress.finish()
        if case .skipped(let model, _, _, _) = event {
            skipped.withLock { $0.append(model) }
            return
        }
        tellSkipped()
        if let (label, text) = Self.words(for: event) { Terminal.line(label, text + detail(of: event)) }
        if case .considered(let choice) = event { ChoiceTable(choice).lines.forEach { Terminal.say("           " + $0) } }
    }

    /// Many models on one silent host are one line.
    private func tellSkipped() {
        let models = skipped.withLock { models in
            defer { models = [] }
            return models
        }
        guard !models.isEmpty else { return }
        Terminal.line("Skipped", "\(models.joined(separator: ", ")): that host does not answer; it is asked again in ten minutes")
    }

    private func detail(of event: Event) -> String {
        guard case .ready = event else { return "" }
        let steps = takeSteps()
        return steps.isEmpty ? "" : ": \(steps)"
    }

    static func words(for event: Event) -> (String, String)? {
        switch event {
        case .machine(let machine): ("Machine", machine.sentence)
        case .considered(let choice): ("Models", "\(choice.ranked.count) would run well here, \(choice.rejected.count) would not")
        case .chosen(let fit): ("Chosen", fit.sentence)
        case .betterAvailable(let fit):
            ("Better", "\(fit.model.name) would run well too (\(fit.variant.diskNeeded) to fetch): homewise run \(fit.model.id)")
        case .trying(let model, let source, let host): ("Source", "\(model) from the \(source) (\(host))")
        case .sourceFailed(let model, let source, let failure): ("No luck", "\(model), \(source): \(failure.message)")
        case .found(let name, let bytes, _, let already):
            ("Download", "\(name), \(bytes)" + (already.bytes > 0 ? ", \(already) of it are here already" : ""))
        case .waiting(let what): ("Waiting", "another homewise is at \(what)")
        case .verified(let name, let digest, let isPublished):
            ("Checksum", "\(name) \(isPublished ? "matches its published" : "has the") \(digest.short)… (SHA-256)")
        case .unpacking(let name): ("Unpacking", name)
        case .placeGivenUp(let name, let source, let failure): ("Gave up", "\(source) for \(name): \(failure.message)")
        case .mending(let name): ("Mending", "the checksum of \(name) is wrong: looking for the damaged piece")
        case .mended(let name, let pieces, let fetched):
            ("Mended", "\(name): \(pieces) piece\(pieces == 1 ? "" : "s") replaced, \(fetched) fetched again")
        case .installed(let model): ("Installed", "\(model.name) \(model.quantization.uppercased()), \(model.size)")
        case .note(let text): ("Note", text)
        default: engineWords(for: event)
        }
    }

    private static func engineWords(for event: Event) -> (String, String)? {
        switch event {
        case .engineFound(let path, let version): ("Engine", "llama-server at \(path), \(version)")
        case .engineUnsuitable(let path, let reason): ("Engine", "\(path) is not used: \(reason)")
        case .updateProving(let model): ("Engine", "loading the new \(model) before it takes the old one's place")
        case .engineProving: ("Engine", "proving it with a test model")
        case .engineReady(let manifest, let isNew):
            isNew
                ? ("Engine", "\(manifest.engine) \(manifest.version) is installed: it \(manifest.proof)")
                : ("Engine", "\(manifest.engine) \(manifest.version) is installed already")
        case .launching(let plan, let fit):
            (
                "Starting",
                "\(fit.model.name) on \(plan.device), context \(plan.options.context) tokens, \(plan.reasons.joined(separator: "; "))"
            )
        // Between two words of an answer it would be in the way.
        case .governed(let decision): Terminal.isAnswerForPerson ? nil : ("Threads", "\(decision.threads): \(decision.reason)")
        case .recovering(let failure, let taken): ("Recovery", "\(failure.firstLine) Next: \(taken.words)")
        case .unsandboxed(let state): state.complaint.map { ("Engine", "it runs \($0)") }
        case .ready(let seconds): ("Ready", "after \(seconds.rounded(toPlaces: 2)) s")
        case .load(let busy, let cores):
            busy < 0.3
                ? nil : ("Busy", "other programs keep \(busy.rounded(toPlaces: 1)) of \(cores) cores busy: the figures will be worth less")
        case .calibrating(let type, let done, let all): ("Measuring", "\(type) (\(done + 1) of up to \(all))")
        default: nil
        }
    }
}

extension SystemCapabilities {
    /// The machine in a line.
    var sentence: String {
        var parts = [cpu.model ?? cpu.architecture, "\(cpuCores) core\(cpuCores == 1 ? "" : "s")"]
        if let best = ["avx512f", "avx2", "avx", "i8mm", "dotprod", "neon"].first(where: cpu.features.contains) {
            parts[1] += " (\(best == "avx512f" ? "AVX-512" : best.uppercased()))"
        }
        if let quota = cpu.quotaCores { parts.append("\(quota.rounded(toPlaces: 1)) of them for this container") }
        if let total = memory.ceiling { parts.append("\(total) of memory" + (memory.free.map { " with \($0) free" } ?? "")) }
        parts.append(gpus.isEmpty ? "no GPU" : gpus.map { $0.name ?? "a GPU" }.joined(separator: " and "))
        if let free = storage?.free { parts.append("\(free) of disk free") }
        return parts.joined(separator: ", ")
    }
}

extension SpeedEstimate {
    /// “about 42 tokens/s”.
    var about: String { "about \(Self.text(tokensPerSecond)) tokens/s" }
    /// “36 to 48 tokens/s”.
    var band: String { "\(Self.text(range.lowerBound)) to \(Self.text(range.upperBound)) tokens/s" }

    static func text(_ rate: Double) -> String { rate.rounded(toPlaces: rate < 10 ? 1 : 0) }

    /// What it rests on, as a clause.
    var reason: String {
        switch basis {
        case .measured: "as it ran here before"
        case .calibrated: "put together from the kernels measured here"
        case .published(let device): "estimated from the published bandwidth of \(device)"
        case .bandwidth(let rate): "estimated from \(rate.rounded(toPlaces: 1)) GB/s of memory bandwidth"
        case .assumed: "assumed"
        }
    }
}

extension MemoryEstimate {
    var reason: String {
        switch basis {
        case .analytic: "estimated"
        case .engine: "laid out by the engine"
        case .measured: "seen here"
        }
    }
}

extension Fit {
    /// The choice in a line.
    var sentence: String {
        "\(model.name) \(variant.quantization), \(speed.about) (\(speed.reason)), \(memory.working) of memory (\(memory.reason))"
    }

    /// Bytes over the line.
    var download: ByteCount { variant.archive ?? variant.size }
}

/// What was considered, best first, one line for each model.
struct ChoiceTable {
    let lines: [String]

    init(_ choice: Choice) {
        let width = (choice.ranked.map(\.model.name) + choice.rejected.map(\.model.name)).map(\.count).max() ?? 0
        func row(_ mark: String, _ name: String, _ text: String) -> String {
            "\(mark) \(name.padding(toLength: width, withPad: " ", startingAt: 0))  \(text)"
        }
        lines =
            choice.ranked.map { fit in
                let size = fit.isInstalled ? "is here" : "\(ByteCount(fit.variant.archive?.bytes ?? fit.variant.size.bytes)) to fetch"
                return row(
                    "+", fit.model.name,
                    "\(fit.variant.quantization), \(fit.speed.band), "
                        + "\(fit.memory.working) of memory, \(size)")
            } + choice.rejected.filter { Self.heading(of: $0.kind) == nil }.map { row("-", $0.model.name, $0.reason) }
            + Self.groups(choice.rejected)
    }

    /// What rules many out for the same reason is said once.
    private static func groups(_ rejected: [Rejection]) -> [String] {
        [Rejection.Kind.terms, .ability, .unsupported].compactMap { kind in
            let names = rejected.filter { $0.kind == kind }.map(\.model.name)
            guard let heading = heading(of: kind), !names.isEmpty else { return nil }
            return "- \(heading): \(names.joined(separator: ", "))"
        }
    }

    private static func heading(of kind: Rejection.Kind) -> String? {
        switch kind {
        case .terms: "under terms that nobody accepted yet (homewise run NAME shows them)"
        case .ability: "not made for this"
        case .unsupported: "in a format without an engine yet"
        default: nil
        }
    }
}
