// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension ByteSource {
    /// Copies bytes out of the file.
    ///
    /// - Parameters:
    ///   - offset: bytes from the start of the file.
    ///   - count: bytes; the caller has bounded it.
    /// - Throws: as `withBytes`; a range that cannot be is `FormatFault.truncated`.
    func copyBytes(at offset: Int64, count: Int64) throws -> [UInt8] {
        try withBytes(range(at: offset, count: count)) { Array($0) }
    }

    /// - Throws: `FormatFault.truncated` where the range is not within the file.
    func range(at offset: Int64, count: Int64) throws -> Range<Int64> {
        let (end, overflows) = offset.addingReportingOverflow(count)
        guard offset >= 0, count >= 0, !overflows, end <= length else {
            throw FormatFault.truncated("file", "\(count) bytes at \(offset) are announced and it has \(length)")
        }
        return offset..<end
    }
}

/// Little-endian numbers at an offset of bytes that are known to be there.
extension RandomAccessCollection where Element == UInt8, Index == Int {
    /// - Returns: `nil` where the bytes are not all there.
    func littleEndian<Number: FixedWidthInteger>(_ type: Number.Type, at offset: Int) -> Number? {
        let size = Number.bitWidth / 8
        guard offset >= 0, offset <= count - size else { return nil }
        let start = startIndex + offset
        return (0..<size).reversed().reduce(Number.zero) { $0 << 8 | Number(truncatingIfNeeded: self[start + $1]) }
    }
}
