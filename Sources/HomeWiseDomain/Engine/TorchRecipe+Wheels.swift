// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension TorchRecipe {
    /// A build of torch.
    public enum Build: String, Sendable, Codable, CaseIterable {
        /// For processors alone.
        case processor = "cpu"
        /// The index's own: on Linux with all of CUDA in it, on a Mac the only one.
        case standard
    }

    /// One way to get torch.
    public struct Candidate: Sendable, Equatable {
        public var build: Build
        /// The index to ask instead of pip's own; `nil` for that one and what pip sees beside it.
        public var index: String?
        public var version: String
        /// What comes over the network, all packages together.
        public var download: ByteCount
        /// What has to be free while it is made.
        public var space: ByteCount
        /// Why this one, as a clause.
        public var reason: String

        /// As pip reads it.
        public var requirement: String { "torch==\(version)" }
        /// What pip is told beside it.
        public var pipArguments: [String] { index.map { ["--index-url", $0] } ?? [] }
        /// More than a person expects of an engine: it is asked for by its size.
        public var isLarge: Bool { download > ByteCount(1_000_000_000) }
    }

    /// Ways to get torch, the best first; the first that pip can get is taken.
    ///
    /// - Parameter cpuIndex: PyTorch's own index of builds for processors, where a person has set it.
    public func candidates(for machine: Machine, cpuIndex: String?) -> [Candidate] {
        guard machine.system == .linux else { return [standard(for: machine)] }
        let small = [cpuIndex.map { processor(index: $0) }, processor(index: nil)].compactMap(\.self)
        return machine.hasCUDA ? [standard(for: machine)] + small : small + [standard(for: machine)]
    }

    private func processor(index: String?) -> Candidate {
        Candidate(
            build: .processor, index: index, version: torch + "+cpu", download: ByteCount(270_000_000), space: ByteCount(1_800_000_000),
            reason: "the build for processors, " + (index == nil ? "which pip sees" : "from the index that was set"))
    }

    private func standard(for machine: Machine) -> Candidate {
        let isMac = machine.system == .macOS
        return Candidate(
            build: .standard, index: nil, version: torch, download: ByteCount(isMac ? 220_000_000 : 3_000_000_000),
            space: ByteCount(isMac ? 1_800_000_000 : 6_000_000_000),
            reason: isMac
                ? "the build for Macs"
                : machine.hasCUDA
                    ? "the build for NVIDIA’s graphics cards, with all of CUDA in it"
                    : "pip sees no build for processors alone, and this one has all of CUDA in it")
    }

    /// Whether pip's list of versions (`pip index versions torch`) has this one.
    public static func offers(_ candidate: Candidate, in lines: [String]) -> Bool {
        lines.contains { line in
            line.hasPrefix("Available versions:")
                && line.split { $0 == "," || $0 == " " }.contains { version in
                    // An index of one build alone may leave its name out of the list, or the standard one may be asked for as such.
                    version == candidate.version || (candidate.index != nil && version == candidate.version.split(separator: "+")[0])
                }
        }
    }

    /// What pip is to see of a person's environment: their index, their proxies and their certificates, and nothing that
    /// would put packages elsewhere.
    public static func pipEnvironment(_ environment: [String: String]) -> [String: String] {
        let elsewhere: Set = [
            "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_PYTHON", "PIP_NO_BINARY", "PIP_ONLY_BINARY", "PIP_PRE",
        ]
        let network: Set = [
            "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
            "XDG_CONFIG_HOME",
        ]
        return environment.filter { name, _ in
            name.hasPrefix("PIP_") ? !elsewhere.contains(name) : network.contains(name.uppercased())
        }
    }

    /// What pip is about to do, for people; `nil` for lines that tell them nothing.
    public static func progress(inPip line: String) -> String? {
        let line = line.drop { $0 == " " }
        for (start, word) in [("Collecting ", "Looking for"), ("Downloading ", "Fetching"), ("Using cached ", "Kept from before:")] {
            guard line.hasPrefix(start) else { continue }
            let name = line.dropFirst(start.count).prefix { $0 != " " }
            return "\(word) \(UntrustedName.printable(String(name)))"
        }
        return line.hasPrefix("Installing collected packages") ? "Unpacking" : nil
    }
}
