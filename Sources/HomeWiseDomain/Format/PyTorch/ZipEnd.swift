// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// The end of a ZIP archive: where its directory lies. Only an end at the very end of the file counts, and a comment behind
/// it must not look like another one, so that no two readers find different ones.
struct ZipEnd {
    let directoryStart: Int64
    let directorySize: Int64
    let entryCount: Int

    private static let field = "zip end"

    init(source: some ByteSource, mayHaveComment: Bool = false) throws {
        guard source.length >= 22 else { throw FormatFault.truncated(Self.field, "\(source.length) bytes hold no archive") }
        let place = try mayHaveComment ? Self.last(in: source) : source.length - 22
        let end = try source.copyBytes(at: place, count: 22)
        guard end.littleEndian(UInt32.self, at: 0) == 0x0605_4B50, let comment = end.littleEndian(UInt16.self, at: 20),
            place + 22 + Int64(comment) == source.length
        else { throw FormatFault(.unsupported, Self.field, "the file does not end with its directory") }
        guard end.littleEndian(UInt32.self, at: 4) == 0 else { throw FormatFault(.unsupported, Self.field, "it is one of several parts") }
        let long = try Self.long(source, before: place)
        let count = try Self.figure(end, UInt16.self, 10, long?.count)
        guard try Self.figure(end, UInt16.self, 8, long?.count) == count else {
            throw FormatFault.badValue(Self.field, "two counts of entries differ")
        }
        directorySize = try Self.figure(end, UInt32.self, 12, long?.size)
        directoryStart = try Self.figure(end, UInt32.self, 16, long?.start)
        guard count <= Int64(ZipDirectory.mostEntries) else { throw FormatFault.tooLarge(Self.field, "\(count) entries") }
        guard directorySize <= ZipDirectory.longestDirectory else {
            throw FormatFault.tooLarge(Self.field, "\(directorySize) bytes of directory")
        }
        guard try source.range(at: directoryStart, count: directorySize).upperBound == long?.place ?? place else {
            throw FormatFault.badValue(Self.field, "the directory does not lie right before it")
        }
        entryCount = Int(count)
    }

    /// The last place that looks like an end: that is the one which other readers take.
    private static func last(in source: some ByteSource) throws -> Int64 {
        let start = max(0, source.length - 22 - 0xFFFF)
        let tail = try source.copyBytes(at: start, count: source.length - start)
        let place = (0...(tail.count - 22)).last { tail[$0] == 0x50 && tail.littleEndian(UInt32.self, at: $0) == 0x0605_4B50 }
        guard let place else { throw FormatFault(.unsupported, field, "the file does not end with its directory") }
        return start + Int64(place)
    }

    /// A figure of the short form: the long form's where there is one, and then both must agree.
    private static func figure<Number: FixedWidthInteger>(_ end: [UInt8], _ type: Number.Type, _ offset: Int, _ long: Int64?) throws
        -> Int64
    {
        let short = end.littleEndian(type, at: offset) ?? 0
        guard let long else {
            guard short != .max else { throw FormatFault.badValue(field, "the long form is missing") }
            return Int64(short)
        }
        guard short == .max || Int64(short) == long else { throw FormatFault.badValue(field, "its two forms differ") }
        return long
    }

    private struct Long {
        let place: Int64
        let count: Int64
        let size: Int64
        let start: Int64
    }

    /// The ZIP64 form, in front of the short one; `nil` where there is none.
    private static func long(_ source: some ByteSource, before place: Int64) throws -> Long? {
        guard place >= 20 + 56 else { return nil }
        let locator = try source.copyBytes(at: place - 20, count: 20)
        guard locator.littleEndian(UInt32.self, at: 0) == 0x0706_4B50 else { return nil }
        let start = place - 20 - 56
        guard locator.littleEndian(Int64.self, at: 8) == start, locator.littleEndian(UInt32.self, at: 4) == 0 else {
            throw FormatFault.badValue(field, "the long form does not lie right before it")
        }
        let record = try source.copyBytes(at: start, count: 56)
        guard record.littleEndian(UInt32.self, at: 0) == 0x0606_4B50, record.littleEndian(UInt64.self, at: 4) == 44,
            let count = record.littleEndian(Int64.self, at: 32), record.littleEndian(Int64.self, at: 24) == count,
            let size = record.littleEndian(Int64.self, at: 40), let first = record.littleEndian(Int64.self, at: 48), count >= 0
        else { throw FormatFault.badValue(field, "its long form is malformed") }
        return Long(place: start, count: count, size: size, start: first)
    }
}
