// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What an installation of the PyTorch engine would do, for a person to agree to.
public struct TorchPlan: Sendable, Equatable {
    /// The Python that the environment is made with.
    public var python: String
    public var version: PythonVersion
    public var candidate: TorchRecipe.Candidate
    /// Where it is made; it takes the same place however often it is asked for.
    public var folder: String
    /// It is there and was proven: nothing is fetched.
    public var isInstalled: Bool

    public init(python: String, version: PythonVersion, candidate: TorchRecipe.Candidate, folder: String, isInstalled: Bool) {
        self.python = python
        self.version = version
        self.candidate = candidate
        self.folder = folder
        self.isInstalled = isInstalled
    }

    /// What comes over the network; nothing where it is there.
    public var download: ByteCount { isInstalled ? ByteCount(0) : candidate.download }

    public var sentence: String {
        isInstalled
            ? "torch \(candidate.version) is installed."
            : "torch \(candidate.version) (\(candidate.reason)): about \(candidate.download) to fetch, \(candidate.space) of disk while it is made."
    }
}
