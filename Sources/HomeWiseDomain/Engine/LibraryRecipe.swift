// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// An engine whose libraries are fetched ready for use: the one place that names their versions.
public struct LibraryRecipe: Sendable, Equatable {
    /// A library inside a published package.
    public struct Library: Sendable, Equatable {
        public var package: String
        public var version: String
        /// Its path in the package.
        public var member: SafePath
        /// What our worker opens it by.
        public var name: String
        /// Of the library itself, where it was held against; the package's own digest proves the others.
        public var digest: Digest?
    }

    public var engine: String
    public var version: String
    public var libraries: [Library]
    /// Ends of the names of packages that run here: system and processor.
    public var platform: [String]
    /// What is fetched.
    public var download: ByteCount
    /// What the disk must have, with what is unpacked.
    public var space: ByteCount

    public enum System: Sendable { case linux, macOS }

    /// onnxruntime (MIT) for vectors and onnxruntime-genai (MIT) for text, as of November 2026.
    ///
    /// - Parameter processor: `x86_64` or `arm64`.
    /// - Throws: `Failure.badInput` for a machine that nobody publishes them for.
    public static func onnx(_ system: System, processor: String) throws -> LibraryRecipe {
        let (runtime, genai) = ("1.32.0", "0.18.0")
        let isIntel = processor == "x86_64"
        guard isIntel || ["arm64", "aarch64"].contains(processor), system == .linux || !isIntel else {
            throw Failure.badInput(
                "Nobody publishes ONNX's libraries for this machine (\(processor)).", remedy: "Take the model as GGUF: homewise search")
        }
        let (first, second, platform) =
            switch system {
            case .linux:
                (
                    "onnxruntime/capi/libonnxruntime.so.\(runtime)", "onnxruntime_genai_core/bin/libonnxruntime-genai.so",
                    isIntel ? "manylinux x86_64" : "manylinux aarch64"
                )
            case .macOS:
                (
                    "onnxruntime/capi/libonnxruntime.\(runtime).dylib", "onnxruntime_genai_core/bin/libonnxruntime-genai.dylib",
                    "macosx arm64"
                )
            }
        let ending = system == .linux ? "so" : "dylib"
        return try LibraryRecipe(
            engine: ModelFormat.onnx.engine, version: runtime,
            libraries: [
                Library(
                    package: "onnxruntime", version: runtime, member: SafePath(untrusted: first),
                    name: system == .linux ? "libonnxruntime.so.1" : "libonnxruntime.1.dylib",
                    digest: isIntel ? Digest(sha256: "6c1585d1bbf45b0712ea4a21b705c5fcb4ba04ff2e30f1fbf81a49faf658638f") : nil),
                Library(
                    package: "onnxruntime-genai-core", version: genai, member: SafePath(untrusted: second),
                    name: "libonnxruntime-genai.\(ending)",
                    digest: isIntel ? Digest(sha256: "f0ab95190d09fc737173a1b2a6844d73aa8d63acd51fae55de61aadd246c6d22") : nil),
            ], platform: platform.split(separator: " ").map(String.init), download: ByteCount(38_442_216), space: ByteCount(160_000_000))
    }
}
