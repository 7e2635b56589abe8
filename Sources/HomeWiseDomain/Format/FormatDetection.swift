// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What a file is by its first bytes. Names are not asked: they are what an attacker chooses most freely.
public enum FormatDetection {
    public enum Container: String, Sendable, Codable, CaseIterable {
        case gguf, safetensors, onnx
        /// A ZIP archive, as PyTorch's checkpoints are.
        case zip
        /// A bare pickle, as PyTorch's older checkpoints are.
        case pickle
        case sevenZip, gzip, tar, xz, zstandard, bzip2
        /// A web page or another text where weights should be: a login page, an error.
        case text
        case unknown

        /// What the weights would lie in; a ZIP or pickle still has to prove it.
        public var weights: ModelFacts.Container? {
            switch self {
            case .gguf: .gguf
            case .safetensors: .safetensors
            case .onnx: .onnx
            case .zip, .pickle: .pytorch
            default: nil
            }
        }
    }

    /// Bytes that are enough to tell, where the file has them.
    public static let bytesNeeded = 512

    private static let magics: [(container: Container, bytes: [UInt8])] = [
        (.gguf, Array("GGUF".utf8)), (.zip, [0x50, 0x4B, 3, 4]), (.zip, [0x50, 0x4B, 5, 6]),
        (.sevenZip, [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C]), (.gzip, [0x1F, 0x8B]), (.xz, [0xFD, 0x37, 0x7A, 0x58, 0x5A]),
        (.zstandard, [0x28, 0xB5, 0x2F, 0xFD]), (.bzip2, Array("BZh".utf8)),
    ]

    /// - Parameters:
    ///   - start: the first bytes, `bytesNeeded` of them where the file has so many.
    ///   - length: bytes of the whole file; without it a safetensors header's length cannot be held against it.
    public static func container(of start: some RandomAccessCollection<UInt8>, length: Int64? = nil) -> Container {
        let start = Array(start.prefix(bytesNeeded))
        if let magic = magics.first(where: { start.starts(with: $0.bytes) }) { return magic.container }
        if start.count >= 262, start[257..<262].elementsEqual("ustar".utf8) { return .tar }
        if isSafetensors(start, length) { return .safetensors }
        if isPickle(start) { return .pickle }
        if isONNX(start) { return .onnx }
        return isText(start) ? .text : .unknown
    }

    /// A length that a header can have, and a brace.
    private static func isSafetensors(_ start: [UInt8], _ length: Int64?) -> Bool {
        guard let count = start.littleEndian(Int64.self, at: 0), start.count > 8 else { return false }
        return start[8] == UInt8(ascii: "{") && (2...SafetensorsHeader.longestHeader).contains(count) && count <= (length ?? .max) - 8
    }

    /// `PROTO` with a version; protocols 0 and 1 have no mark, and are not told from text.
    private static func isPickle(_ start: [UInt8]) -> Bool {
        start.count >= 2 && start[0] == 0x80 && (2...5).contains(start[1])
    }

    /// The version of the format as the first field, and a field that a model has as the next: no magic, so a good guess.
    private static func isONNX(_ start: [UInt8]) -> Bool {
        guard start.count >= 4, start[0] == 0x08, (1...32).contains(start[1]) else { return false }
        return [0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42, 0x72].contains(start[2])
    }

    private static func isText(_ start: [UInt8]) -> Bool {
        !start.isEmpty && start.allSatisfy { $0 >= 0x20 && $0 != 0x7F || (0x09...0x0D).contains($0) }
    }
}
