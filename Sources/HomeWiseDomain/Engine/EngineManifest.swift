// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What an installed engine is and where it came from; written beside it when, and only when, it is proven.
public struct EngineManifest: Sendable, Codable, Equatable {
    public enum Origin: String, Sendable, Codable {
        /// Built here from the pinned source.
        case built
        /// Found on the PATH: it belongs to the person or the distribution.
        case found
        /// Made of libraries or packages that were fetched ready for use.
        case fetched
        /// Made in the cache from pinned packages: it lies there, and the shelf only tells of it.
        case environment
    }

    public var engine: String
    public var version: String
    public var origin: Origin
    /// The engine's server program.
    public var server: String
    /// What the program is told before anything about a model.
    public var arguments: [String]
    public var sourceDigest: Digest?
    public var flags: [String]
    /// Processor features that it was built for: with others it may die of an illegal instruction.
    public var processor: [String]
    /// What the smoke load said.
    public var proof: String

    public init(
        engine: String, version: String, origin: Origin, server: String, arguments: [String] = [], sourceDigest: Digest? = nil,
        flags: [String] = [],
        processor: [String] = [], proof: String = ""
    ) {
        self.engine = engine
        self.version = version
        self.origin = origin
        self.server = server
        self.arguments = arguments
        self.sourceDigest = sourceDigest
        self.flags = flags
        self.processor = processor
        self.proof = proof
    }
}

extension EngineManifest {
    /// Manifests of earlier versions lack what came later.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        engine = try values.decode(String.self, forKey: .engine)
        version = try values.decode(String.self, forKey: .version)
        origin = try values.decode(Origin.self, forKey: .origin)
        server = try values.decode(String.self, forKey: .server)
        arguments = try values.decodeIfPresent([String].self, forKey: .arguments) ?? []
        sourceDigest = try values.decodeIfPresent(Digest.self, forKey: .sourceDigest)
        flags = try values.decode([String].self, forKey: .flags)
        processor = try values.decode([String].self, forKey: .processor)
        proof = try values.decode(String.self, forKey: .proof)
    }
}

/// The pinned source of an engine: the one place that names its version.
public struct EngineRecipe: Sendable, Equatable {
    public var engine: String
    public var package: String
    public var version: String
    public var archive: Digest
    public var size: ByteCount
    /// The folder inside the archive that holds the engine's own source.
    public var sourceFolder: String
    public var flags: [String]
    public var targets: [String]
    /// An engine found on the PATH must be at least this build.
    public var leastFoundBuild: Int
    /// One found on the PATH up to this build is certainly older than this source.
    public var outdatedFoundBuild: Int

    /// llama.cpp as of October 2026 (MIT), inside the source archive of its Python binding.
    public static func llamaCPP() throws -> EngineRecipe {
        try EngineRecipe(
            engine: "llama.cpp", package: "llama-cpp-python", version: "0.3.36",
            archive: Digest(sha256: "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e"),
            size: ByteCount(76_589_250), sourceFolder: "llama_cpp_python-0.3.36/vendor/llama.cpp",
            flags: [
                "-DCMAKE_BUILD_TYPE=Release", "-DBUILD_SHARED_LIBS=ON", "-DGGML_NATIVE=ON", "-DGGML_RPC=ON",
                "-DLLAMA_BUILD_TESTS=OFF", "-DLLAMA_BUILD_EXAMPLES=OFF", "-DLLAMA_BUILD_UI=OFF", "-DLLAMA_CURL=OFF",
                "-DLLAMA_BUILD_NUMBER=0", "-DCMAKE_INSTALL_RPATH=$ORIGIN", "-DCMAKE_BUILD_WITH_INSTALL_RPATH=ON",
            ],
            targets: ["llama-server", "llama-bench", "llama-fit-params", "llama-quantize", "ggml-rpc-server"],
            // Build 10760 is of 2 September 2026.
            leastFoundBuild: 6000, outdatedFoundBuild: 10_760)
    }
}
