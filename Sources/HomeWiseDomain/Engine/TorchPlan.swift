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
    /// All packages are there: nothing is fetched.
    public var isFetched: Bool
    /// And the worker of this HomeWise was proven with them.
    public var isInstalled: Bool

    public init(
        python: String, version: PythonVersion, candidate: TorchRecipe.Candidate, folder: String, isFetched: Bool, isInstalled: Bool
    ) {
        self.python = python
        self.version = version
        self.candidate = candidate
        self.folder = folder
        self.isFetched = isFetched
        self.isInstalled = isInstalled
    }

    /// What comes over the network; nothing where it is there.
    public var download: ByteCount { isFetched ? ByteCount(0) : candidate.download }

    public var sentence: String {
        isFetched
            ? "torch \(candidate.version) is here."
            : "torch \(candidate.version) (\(candidate.reason)): about \(candidate.download) to fetch, \(candidate.space) of disk while it is made."
    }
}
