// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Which models are measured to know the kernels, and what their times say.
///
/// A model writes a token in (bytes ÷ rate) + (rows × time of a row) + (layers × time of a layer). A tiny model of many
/// layers gives the last; for each type one model of long rows and one of short ones give the other two.
public enum CalibrationFit {
    /// Types of blocks, the commonest first; a machine that is too slow for all of them measures as many as time allows.
    public static let types = ["Q4_K", "Q6_K", "Q8_0", "Q4_0", "Q5_K", "Q4_1", "F16", "Q3_K", "IQ4_XS", "Q2_K"]

    /// Weights beyond the caches of ordinary machines, in bytes.
    static let wideBytes: Int64 = 160 << 20

    /// Rows of 2,048 and 8,192 elements, as in models of 1B and more.
    public static func wide(_ type: GGMLType) -> SyntheticModel {
        var model = SyntheticModel(
            layers: 1, embedding: 2048, feedForward: 8192, heads: 32, kvHeads: 8, headSize: 64, vocabulary: 256, type: type)
        return sized(&model, to: wideBytes, atMost: 16)
    }

    /// Rows of 768 and 2,048 elements, as in models of 0.1B to 0.5B.
    public static func narrow(_ type: GGMLType) -> SyntheticModel {
        var model = SyntheticModel(
            layers: 1, embedding: 768, feedForward: 2048, heads: 12, kvHeads: 4, headSize: 64, vocabulary: 256, type: type)
        return sized(&model, to: 96 << 20, atMost: 40)
    }

    /// Hardly any arithmetic: what is left is waiting.
    public static var tiny: SyntheticModel {
        SyntheticModel(layers: 32, embedding: 64, feedForward: 128, heads: 2, kvHeads: 2, headSize: 32, vocabulary: 256, type: .plain)
    }

    private static func sized(_ model: inout SyntheticModel, to bytes: Int64, atMost layers: Int) -> SyntheticModel {
        model.embeddingType = .plain
        model.hasOutput = false
        let one = max(1, model.work.bytes)
        model.layers = min(layers, max(2, Int(bytes / Int64(one))))
        return model
    }

    /// Seconds for one token of the two models of a type, and the share that a layer takes.
    ///
    /// - Parameter promptSeconds: for each token of a prompt, with the wide model.
    public static func kernel(
        _ type: GGMLType, threads: Int, wideSeconds: Double, narrowSeconds: Double, layerSeconds: Double, promptSeconds: Double
    ) -> Calibration.Kernel {
        let (wide, narrow) = (Self.wide(type), Self.narrow(type))
        let (wideWork, narrowWork) = (wide.work, narrow.work)
        let wideRest = max(wideSeconds - Double(wide.layers) * layerSeconds, wideSeconds / 4)
        let narrowRest = max(narrowSeconds - Double(narrow.layers) * layerSeconds, narrowSeconds / 4)
        // wideRest = bytes · x + rows · y, and the same for the narrow one.
        let determinant = wideWork.bytes * narrowWork.rows - narrowWork.bytes * wideWork.rows
        var row = (wideWork.bytes * narrowRest - narrowWork.bytes * wideRest) / determinant
        // Noise may make a row cost less than nothing, or all there is.
        row = min(max(row, 0), wideRest / wideWork.rows / 2)
        let perByte = max(wideRest - wideWork.rows * row, 1e-12) / wideWork.bytes
        return Calibration.Kernel(
            type: type.name, threads: threads, bytesPerSecond: 1 / perByte, rowSeconds: row,
            promptRate: wideWork.bytes * 8 / type.bitsPerElement / max(promptSeconds, 1e-12))
    }
}

extension SyntheticModel {
    /// Bytes and rows of the matrices of its type.
    var work: (bytes: Double, rows: Double) {
        let matrices = tensors.filter { $0.shape.count > 1 && $0.type == type && $0.name.hasPrefix("blk.") }
        return (matrices.reduce(0) { $0 + Double($1.bytes) }, matrices.reduce(0) { $0 + Double($1.elements / $1.shape[0]) })
    }
}
