// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// Asks llama.cpp itself what a model would take: its `llama-fit-params` lays everything out without reading a weight, so
/// that a file that holds only the real header, and a hole of the real length, is enough.
package struct LlamaFit: Sendable {
    private let program: String
    private let host: EngineHost

    /// - Returns: `nil` where this engine does not bring the tool.
    package init?(manifest: EngineManifest, host: EngineHost) {
        guard let program = manifest.tool("llama-fit-params") else { return nil }
        self.program = program
        self.host = host
    }

    /// What one device would hold. MiB as the tool prints them, in bytes.
    package struct Device: Sendable, Equatable {
        package var name: String
        package var model: Int64
        package var context: Int64
        package var compute: Int64
    }

    /// - Parameters:
    ///   - path: the header, with a hole behind it up to the file's real length.
    ///   - repacking: whether weights that the engine would rewrite are left out, as it does itself.
    /// - Throws: `Failure.engineRefused` with the tool's last words where it cannot lay the model out.
    package func devices(_ path: String, _ options: ContextOptions, repacking: Bool, within limit: Duration = .seconds(60)) async throws
        -> [Device]
    {
        var arguments = ["-m", path] + options.arguments + Placement.cpu.arguments + ["-fit", "off", "--fit-print", "on", "--offline"]
        if !repacking { arguments.append("--no-repack") }
        let (exit, lines) = try await host.tool(program, arguments, adding: ["GGML_NO_BACKTRACE": "1"]).run(within: limit)
        let devices = lines.compactMap(Self.device)
        guard let exit else { throw Failure.engineRefused(status: 0, "it did not lay the model out within \(limit.components.seconds) s") }
        guard exit.isSuccess, !devices.isEmpty else {
            throw Failure.engineRefused(
                status: 0, lines.last { $0.contains("error") || $0.contains(" E ") } ?? "it cannot lay this model out (\(exit.sentence))")
        }
        return devices
    }

    /// “CUDA0 1234 56 78”: a name and three counts of MiB.
    static func device(_ line: String) -> Device? {
        let words = line.split(separator: " ")
        guard words.count >= 4 else { return nil }
        let figures = words.suffix(3).map { Int64($0) }
        guard let model = figures[0], let context = figures[1], let compute = figures[2], max(model, context, compute) < 1 << 30, model >= 0
        else {
            return nil
        }
        return Device(
            name: words.dropLast(3).joined(separator: " "), model: model << 20, context: context << 20, compute: compute << 20)
    }
}

extension SparseFile {
    /// Removes what killed runs left: files of these kinds that are older than any run takes.
    package static func sweep(_ folder: String) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names where name.hasSuffix(".gguf") && (name.hasPrefix("layout-") || name.hasPrefix("calibration-")) {
            var status = stat()
            guard lstat("\(folder)/\(name)", &status) == 0, time(nil) - Int(status.st_mtim.tv_sec) > 600 else { continue }
            unlink("\(folder)/\(name)")
        }
    }
}

/// A file with a header and a hole behind it: of the real length, and of no size on the disk.
package enum SparseFile {
    /// - Throws: `Failure.diskFull`, `Failure.storeUnusable`.
    package static func write(_ header: [UInt8], length: Int64, to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure.cannotWrite(path: path, errno: errno) }
        defer { close(descriptor) }
        var written = 0
        while written < header.count {
            let count = header.withUnsafeBytes { pwrite(descriptor, $0.baseAddress! + written, header.count - written, off_t(written)) }
            guard count > 0 || errno == EINTR else { throw Failure.cannotWrite(path: path, errno: errno) }
            written += max(0, count)
        }
        guard ftruncate(descriptor, off_t(length)) == 0 else { throw Failure.cannotWrite(path: path, errno: errno) }
    }
}
