// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// Two questions to the engine's own tool: how much of the weights it would rewrite, and what it needs beside them.
package struct LayoutInquiry: Sendable {
    private let tool: LlamaFit
    /// Where headers with holes behind them are put for a moment.
    private let folder: String

    package init(tool: LlamaFit, folder: String) {
        self.tool = tool
        self.folder = folder
    }

    package func estimate(_ header: GGUFHeader, _ facts: ModelFacts, _ source: BytePrefix, _ options: ContextOptions) async throws
        -> MemoryEstimate
    {
        SparseFile.sweep(folder)
        let weights = facts.weights?.totalBytes ?? 0
        let whole = try await devices(source.bytes, source.length, options, repacking: true)
        let twin = try header.twin(in: source).header()
        let beside = try await devices(twin.bytes, twin.length, options, repacking: false)
        // The tool leaves out what would be rewritten; a MiB is the grain of its figures.
        let repacked = weights - whole.map(\.model).reduce(0, +)
        return MemoryEstimate(
            mapped: ByteCount(weights), repacked: ByteCount(repacked > 2 << 20 ? repacked : 0),
            cache: ByteCount(beside.map(\.context).reduce(0, +)), compute: ByteCount(beside.map(\.compute).reduce(0, +)),
            overhead: ByteCount(Int64(EngineFootprint.process(facts))), basis: .engine)
    }

    private func devices(_ bytes: [UInt8], _ length: Int64, _ options: ContextOptions, repacking: Bool) async throws -> [LlamaFit.Device] {
        let path = "\(folder)/layout-\(UInt32.random(in: .min ... .max)).gguf"
        try SparseFile.write(bytes, length: length, to: path)
        defer { unlink(path) }
        return try await tool.devices(path, options, repacking: repacking)
    }
}
