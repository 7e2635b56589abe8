// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

public import HomeWiseDomain

/// What happens on the way, as facts: a terminal line, a log or a page render the same ones.
public enum Event: Sendable {
    case machine(SystemCapabilities)
    case considered(Choice)
    case chosen(Fit)
    /// A better model could be had; the one that is here is used.
    case betterAvailable(Fit)
    case trying(model: String, source: String, host: String)
    /// A source was not asked, because its host did not answer lately.
    case skipped(model: String, source: String, host: String, reason: String)
    case sourceFailed(model: String, source: String, failure: Failure)
    case found(name: String, bytes: ByteCount, host: String, already: ByteCount)
    /// Absolute figures, so that a lost event does no harm.
    case progress(name: String, TransferStatus)
    /// One of several places of a file is asked no more.
    case placeGivenUp(name: String, source: String, failure: Failure)
    /// A model's download came to a further step.
    case phase(model: String, DownloadPhase)
    /// The checksum of what was fetched is wrong: the damaged piece is looked for.
    case mending(name: String)
    case mended(name: String, pieces: Int, fetched: ByteCount)
    /// Another homewise is fetching or building the same thing.
    case waiting(String)
    case verified(name: String, digest: Digest, isPublished: Bool)
    case unpacking(String)
    case installed(Installed)
    case engineFound(path: String, version: String)
    case engineUnsuitable(path: String, reason: String)
    case engineBuilding(step: Int, of: Int)
    case engineProving
    /// The engine loads the new version of a model, before it takes the old one's place.
    case updateProving(model: String)
    case engineReady(EngineManifest, isNew: Bool)
    case launching(LaunchPlan, Fit)
    /// A start came to a further step, or has come further in one.
    case loading(LoadStep)
    case ready(seconds: Double)
    /// What of the engine's sandbox is in force; told where that is not all of it.
    case unsandboxed(SandboxState)
    /// The threads of the running engine follow the cores that are free.
    case governed(ThreadPolicy.Decision)
    /// An engine failed; this is done about it.
    case recovering(Failure, RecoveryLadder.Taken)
    case note(String)
    /// How busy the machine is with others while it is measured.
    case load(busyCores: Double, cores: Int)
    case calibrating(type: String, done: Int, of: Int)
}

public typealias Report = @Sendable (Event) -> Void

/// A model that is here, proven.
public struct Installed: Sendable, Equatable, Encodable {
    public var name: String
    public var quantization: String
    public var size: ByteCount
    public var digest: Digest
    /// What an engine is started with: the first file of the weights.
    public var path: String
    public var source: String
    /// What turns pictures into tokens, where the model sees.
    public var projector: String?
    /// The folder that shows its files under their real names.
    public var folder: String
}
