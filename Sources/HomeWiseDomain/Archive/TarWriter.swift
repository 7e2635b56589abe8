// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Headers of a tar archive as every tar program reads them: the plain form, and PAX where that is too small.
public enum TarWriter {
    /// What stands in front of a file's content.
    ///
    /// - Parameter size: bytes of the content, which is to be followed by `padding(after:)`.
    public static func header(_ name: SafePath, size: Int64) -> [UInt8] {
        let isLong = name.value.utf8.count > 100
        let isLarge = size >= TarHeader.octalEnd
        guard isLong || isLarge || name.value.utf8.contains(where: { $0 >= 0x80 }) else {
            return block(Array(name.value.utf8), size: size, type: "0")
        }
        var records: [UInt8] = record("path", name.value)
        if isLarge { records += record("size", "\(size)") }
        let short = Array(name.value.utf8.filter { $0 < 0x80 }.suffix(90))
        return block(Array("PaxHeaders/file".utf8), size: Int64(records.count), type: "x") + records + padding(after: Int64(records.count))
            + block(short.isEmpty ? Array("file".utf8) : short, size: isLarge ? 0 : size, type: "0")
    }

    /// Zeros up to the next block.
    public static func padding(after size: Int64) -> [UInt8] { [UInt8](repeating: 0, count: Int((512 - size % 512) % 512)) }

    /// The end of an archive: two empty blocks.
    public static let end = [UInt8](repeating: 0, count: 1024)

    private static func record(_ key: String, _ value: String) -> [UInt8] {
        let body = " \(key)=\(value)\n"
        var length = body.utf8.count + 1
        while "\(length)".utf8.count + body.utf8.count != length { length = "\(length)".utf8.count + body.utf8.count }
        return Array("\(length)\(body)".utf8)
    }

    private static func block(_ name: [UInt8], size: Int64, type: Character) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: TarHeader.block)
        func put(_ bytes: some Collection<UInt8>, at place: Int) { block.replaceSubrange(place..<(place + bytes.count), with: bytes) }
        func octal(_ value: Int64, digits: Int) -> [UInt8] {
            let text = String(value, radix: 8)
            return Array((String(repeating: "0", count: max(0, digits - text.count)) + text).utf8)
        }
        put(name.prefix(100), at: 0)
        put(Array("0000644".utf8), at: 100)
        put(Array("0000000".utf8), at: 108)
        put(Array("0000000".utf8), at: 116)
        put(octal(size, digits: 11), at: 124)
        put(octal(0, digits: 11), at: 136)
        put([UInt8](repeating: 0x20, count: 8), at: 148)
        put(String(type).utf8, at: 156)
        put(Array("ustar\u{0}00".utf8), at: 257)
        let checksum = block.reduce(Int64(0)) { $0 + Int64($1) }
        put(octal(checksum, digits: 6) + [0, 0x20], at: 148)
        return block
    }
}
