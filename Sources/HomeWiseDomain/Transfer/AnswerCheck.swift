// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What was asked for of a file's bytes, against which an answer's head is judged before a byte of it is written.
public struct AnswerCheck: Sendable, Equatable {
    /// Why an answer cannot be right, as the end of a sentence.
    public struct Doubt: Error, Equatable {
        public let reason: String
        public init(_ reason: String) { self.reason = reason }
    }

    public enum Verdict: Sendable, Equatable {
        /// The range that was asked for, or its beginning.
        case part(ContentRange)
        /// The whole file from its first byte, whatever range was asked. Bytes, where they are told.
        case whole(length: Int64?)
        /// There are no such bytes; how many there are, where it is told.
        case noSuchRange(total: Int64?)
        /// As good as it gets, but of another version of the file than the bytes before.
        case changed(tag: String)
        /// A status that carries no bytes of the file.
        case refused(status: Int)
        /// An answer that contradicts itself or what was asked. Nothing of it may be written.
        case impossible(Doubt)
        /// The size of the file is another than the one it should have.
        case wrongSize(Int64)
    }

    /// First and last byte asked for; `nil` where the whole was.
    public var range: ClosedRange<Int64>?
    /// Bytes of the file, where they are known.
    public var size: Int64?
    /// The strong tag of the bytes that are here already.
    public var tag: String?
    /// Whether a page or a message in place of the file can be told by its type.
    public var isBinary: Bool

    public init(range: ClosedRange<Int64>? = nil, size: Int64? = nil, tag: String? = nil, isBinary: Bool = true) {
        self.range = range
        self.size = size
        self.tag = tag
        self.isBinary = isBinary
    }

    public func verdict(on head: AnswerHead) -> Verdict {
        do throws(Doubt) { return try judged(head) } catch { return .impossible(error) }
    }

    private func judged(_ head: AnswerHead) throws(Doubt) -> Verdict {
        switch head.status {
        case 206: return try part(head)
        case 200: return try whole(head)
        case 416: return .noSuchRange(total: head.values("Content-Range").first.flatMap(Self.unsatisfiedTotal))
        default: return .refused(status: head.status)
        }
    }

    private func part(_ head: AnswerHead) throws(Doubt) -> Verdict {
        guard let asked = range else { throw Doubt("it is a part although the whole was asked for") }
        try checkBody(head)
        let ranges = head.values("Content-Range")
        guard ranges.count == 1, let range = ContentRange(ranges[0]) else { throw Doubt("it does not say which bytes it holds") }
        guard range.first == asked.lowerBound, range.last <= asked.upperBound else { throw Doubt("another range than was asked for") }
        guard range.last == asked.upperBound || range.last + 1 == range.total else { throw Doubt("less than was asked for") }
        if let size, let total = range.total, total != size { return .wrongSize(total) }
        if let length = try head.contentLength(), length != range.last - range.first + 1 { throw Doubt("its length and its range differ") }
        return changed(head) ?? .part(range)
    }

    private func whole(_ head: AnswerHead) throws(Doubt) -> Verdict {
        try checkBody(head)
        guard head.values("Content-Range").isEmpty else { throw Doubt("it is a part that calls itself the whole") }
        let length = try head.contentLength()
        if let size, let length, length != size { return .wrongSize(length) }
        guard size != nil || length != nil else { throw Doubt("it tells no size") }
        return changed(head) ?? .whole(length: length)
    }

    private func checkBody(_ head: AnswerHead) throws(Doubt) {
        if let coding = head.coding { throw Doubt("it is \(UntrustedName.printable(coding))-encoded although that was declined") }
        let type = head.mediaType ?? ""
        if type.hasPrefix("multipart/") { throw Doubt("it comes in several parts although one was asked for") }
        if isBinary, Self.isPage(type) { throw Doubt("it is a page or a message (\(UntrustedName.printable(type))) in place of the file") }
    }

    private func changed(_ head: AnswerHead) -> Verdict? {
        guard let tag, let now = head.values("ETag").first, Self.isStrong(tag), Self.isStrong(now), now != tag else { return nil }
        return .changed(tag: now)
    }

    /// Whether a tag stands for these very bytes: a weak one only for what is as good.
    public static func isStrong(_ tag: String) -> Bool { tag.utf8.count > 2 && tag.hasPrefix("\"") && tag.hasSuffix("\"") }

    /// `bytes */total`.
    static func unsatisfiedTotal(_ header: String) -> Int64? {
        guard header.lowercased().hasPrefix("bytes */") else { return nil }
        let digits = header.dropFirst(8)
        return digits.isEmpty ? nil : ContentRange.number(digits)
    }
}

extension AnswerCheck {
    /// Media types of login pages, error pages and error messages.
    static func isPage(_ type: String) -> Bool {
        ["text/html", "text/xml", "application/xml", "application/xhtml+xml", "application/json"].contains(type)
            || type.hasSuffix("+json") || type.hasSuffix("+xml")
    }

    /// Names of files that are text, for which a page cannot be told by its type alone.
    public static func isBinary(name: String) -> Bool {
        let text = ["json", "jsonl", "txt", "md", "xml", "html", "htm", "jinja", "yaml", "yml", "toml", "py", "csv"]
        guard let dot = name.lastIndex(of: ".") else { return false }
        return !text.contains(name[name.index(after: dot)...].lowercased())
    }

    /// Whether bytes that should be the beginning of a binary file are a page or a message, whatever type they came under.
    public static func isPage(beginning bytes: some Sequence<UInt8>) -> Bool {
        let start = String(decoding: Array(bytes.prefix(256)), as: UTF8.self).drop(while: { $0.isWhitespace || $0 == "\u{feff}" })
        let text = start.lowercased()
            .lowercased()
        return ["<!doctype", "<html", "<?xml", "<head", "<body", "<error", "{\"error", "{ \"error", "{\"message"].contains {
            text.hasPrefix($0)
        }
    }
}
