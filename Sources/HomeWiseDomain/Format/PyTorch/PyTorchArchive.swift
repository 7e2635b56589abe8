// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// A checkpoint of PyTorch: a ZIP of stored entries, or the older row of pickles. The content decides which, never the name.
///
/// What a pickle holds is walked over and never run. **The verdict is a label, never a permission** (see `PickleVerdict`).
public struct PyTorchArchive: Sendable, Equatable {
    public enum Layout: String, Sendable, Codable { case zip, legacy }

    public let layout: Layout
    public let verdict: PickleVerdict
    /// What the pickle names; not all of it where the verdict is not `allowed`.
    public let globals: [String]
    public let tensors: [PickleListing.Tensor]
    /// Bytes of all storages, by the archive's directory or the pickle.
    public let tensorBytes: Int64
    public let bytesByType: [String: Int64]

    /// Bytes of a pickle that are walked over; real ones have a few hundred for each tensor.
    static let longestPickle: Int64 = 32 << 20

    /// - Throws: `FormatFault` for what is no checkpoint of PyTorch or has a broken directory, and what the source throws.
    ///   A ZIP is read from its end.
    public init(source: some ByteSource) throws {
        let start = try source.copyBytes(at: 0, count: min(16, source.length))
        switch FormatDetection.container(of: start) {
        case .zip: self.init(try ZipCheckpoint(source: source))
        case .pickle: self.init(try LegacyCheckpoint(source: source))
        default: throw FormatFault(.notThisFormat, "file", "it is neither a ZIP archive nor a pickle")
        }
    }

    /// What to say of a file that calls itself a checkpoint, whatever it is: faults of the format become `unknown`.
    ///
    /// - Throws: only what the source throws: `MoreBytesNeeded`, and `Failure` for what cannot be read.
    public static func label(of source: some ByteSource) throws -> PickleVerdict {
        do {
            return try PyTorchArchive(source: source).verdict
        } catch let fault as FormatFault {
            return .unknown(reason: "\(fault.field): \(fault.reason)")
        }
    }

    private init(_ checkpoint: ZipCheckpoint) {
        self.init(.zip, checkpoint.listing, doubt: checkpoint.doubt, tensorBytes: checkpoint.tensorBytes)
    }

    private init(_ checkpoint: LegacyCheckpoint) {
        self.init(.legacy, checkpoint.listing, doubt: checkpoint.doubt, tensorBytes: checkpoint.tensorBytes)
    }

    private init(_ layout: Layout, _ listing: PickleListing, doubt: String?, tensorBytes: Int64) {
        self.layout = layout
        globals = listing.globals
        tensors = listing.tensors
        self.tensorBytes = tensorBytes
        bytesByType = listing.storages.values.reduce(into: [:]) { sums, storage in
            sums[storage.type] = (sums[storage.type] ?? 0).addingClamped(storage.byteCount)
        }
        verdict = listing.verdict == .allowed ? doubt.map { .unknown(reason: $0) } ?? .allowed : listing.verdict
    }

    /// What the file says of the model: sizes only, the rest is in `config.json`.
    public var facts: ModelFacts {
        var facts = ModelFacts(container: .pytorch)
        // Tied weights are two tensors over the same bytes.
        var seen: Set<String> = []
        let distinct = tensors.filter { seen.insert("\($0.storage) \($0.offset) \($0.shape)").inserted }
        let weights = distinct.filter { SafetensorsType(rawValue: $0.type)?.isWeight == true }
        let count = weights.reduce(Int64(0)) { $0.addingClamped($1.elements) }
        facts.parameters = count > 0 ? count : nil
        facts.weights = ModelFacts.Weights(totalBytes: tensorBytes, bytesByType: bytesByType)
        facts.quantization = bytesByType.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
        return facts
    }
}
