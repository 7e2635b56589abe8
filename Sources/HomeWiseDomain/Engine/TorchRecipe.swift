// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What the PyTorch engine is made of: the one place that names its versions and sizes. Decides which build of torch is fetched.
public struct TorchRecipe: Sendable, Equatable {
    public struct Pin: Sendable, Equatable {
        public var package: String
        public var version: String

        public init(_ package: String, _ version: String) { (self.package, self.version) = (package, version) }

        /// As pip reads it.
        public var requirement: String { "\(package)==\(version)" }
    }

    /// The machine, as far as it decides on the build.
    public struct Machine: Sendable, Equatable {
        public enum System: String, Sendable { case linux, macOS }
        public var system: System
        /// A graphics card is here that CUDA can use, and a person wants it used.
        public var hasCUDA: Bool

        public init(system: System, hasCUDA: Bool) { (self.system, self.hasCUDA) = (system, hasCUDA) }
    }

    public var torch: String
    /// Everything beside torch that is asked for by name; what these need in turn is pip's to find.
    public var packages: [Pin]
    /// Pythons that all of these have wheels for.
    public var pythons: ClosedRange<PythonVersion>

    public init(torch: String, packages: [Pin], pythons: ClosedRange<PythonVersion>) {
        self.torch = torch
        self.packages = packages
        self.pythons = pythons
    }

    /// As of November 2026. The last three are for the conversion to GGUF and for tokenizers of older models.
    public static let current = TorchRecipe(
        torch: "2.13.0",
        packages: [
            Pin("transformers", "5.23.0"), Pin("safetensors", "0.8.0"), Pin("tokenizers", "0.23.3"), Pin("numpy", "2.4.6"),
            Pin("requests", "2.34.2"), Pin("sentencepiece", "0.2.3"), Pin("protobuf", "7.36.2"),
        ],
        pythons: PythonVersion(3, 11)...PythonVersion(3, 14, Int.max))

    /// Names an environment: another recipe makes another one.
    public func key(python: PythonVersion, build: Build) -> String {
        let words = packages.map(\.requirement) + ["torch==\(torch)", "python \(python.minorName)", build.rawValue]
        // FNV-1a: it names a folder, and keeps no secret.
        let hash = words.joined(separator: "\n").utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return "pytorch-\(torch)-" + String(repeating: "0", count: hash.leadingZeroBitCount / 4) + String(hash, radix: 16)
    }
}

/// “3.11.7”.
public struct PythonVersion: Sendable, Equatable, Comparable, CustomStringConvertible {
    public var major: Int
    public var minor: Int
    public var patch: Int

    public init(_ major: Int, _ minor: Int, _ patch: Int = 0) { (self.major, self.minor, self.patch) = (major, minor, patch) }

    /// `nil` for what is no version. Letters behind the third number (“3.14.0rc1”) are passed over.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".").map { Int($0.prefix { $0.isASCII && $0.isNumber }) }
        guard parts.count >= 2, let major = parts[0], let minor = parts[1] else { return nil }
        self.init(major, minor, parts.count > 2 ? parts[2] ?? 0 : 0)
    }

    public static func < (one: Self, other: Self) -> Bool {
        (one.major, one.minor, one.patch) < (other.major, other.minor, other.patch)
    }

    /// Wheels are made for these two numbers.
    public var minorName: String { "\(major).\(minor)" }
    public var description: String { "\(major).\(minor).\(patch)" }
}
