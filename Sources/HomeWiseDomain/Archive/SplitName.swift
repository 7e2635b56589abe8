// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// The name of one part of a file that was cut: `x.zip.001`, `x.tar.gz.part-aa`, `x.gguf-split-a`, `x.gguf.part1of3`.
///
/// Shards of a model (`x-00001-of-00003.gguf`) are files of their own, not parts, and are not meant here.
public struct SplitName: Sendable, Equatable {
    /// What the joined file is called.
    public let base: String
    /// The mark between base and number, in which all parts are alike.
    public let mark: String
    /// From zero or one on.
    public let number: Int
    /// Where the name tells.
    public let count: Int?
    /// Letters count in base 26 and have a fixed width.
    private let isLetters: Bool
    private let width: Int

    /// Marks that are followed by letters or digits.
    private static let marks = [".part-", ".part_", ".part.", ".part", "-split-", ".split-", ".split.", "-part-", "-part"]

    /// - Returns: `nil` for a name that is not a part's.
    public init?(_ name: String) {
        guard let match = Self.marked(name) ?? Self.numbered(name) else { return nil }
        self = match
    }

    private init?(base: Substring, mark: String, suffix: Substring) {
        guard !base.isEmpty, (1...9).contains(suffix.utf8.count) else { return nil }
        if let halves = Self.halves(suffix) {
            self.init(base: base, mark: mark, number: halves.0, count: halves.1, isLetters: false, width: 0)
        } else if suffix.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(suffix) {
            self.init(base: base, mark: mark, number: number, count: nil, isLetters: false, width: suffix.utf8.count)
        } else if suffix.utf8.count <= 4, suffix.utf8.allSatisfy({ (0x61...0x7A).contains($0) }) {
            let number = suffix.utf8.reduce(0) { $0 * 26 + Int($1 - 0x61) }
            self.init(base: base, mark: mark, number: number, count: nil, isLetters: true, width: suffix.utf8.count)
        } else {
            return nil
        }
    }

    private init(base: Substring, mark: String, number: Int, count: Int?, isLetters: Bool, width: Int) {
        self.base = String(base)
        self.mark = mark
        self.number = number
        self.count = count
        self.isLetters = isLetters
        self.width = width
    }

    /// `1of3`.
    private static func halves(_ suffix: Substring) -> (Int, Int)? {
        guard let of = suffix.firstRange(of: "of"), let number = Int(suffix[..<of.lowerBound]), let count = Int(suffix[of.upperBound...]),
            number >= 0, count >= 1
        else { return nil }
        return (number, count)
    }

    private static func marked(_ name: String) -> SplitName? {
        for mark in marks {
            guard let place = name.ranges(of: mark).last else { continue }
            if let split = SplitName(base: name[..<place.lowerBound], mark: mark, suffix: name[place.upperBound...]) { return split }
        }
        return nil
    }

    /// `.001`: three digits at least, so that a version such as `v1.1` is none.
    private static func numbered(_ name: String) -> SplitName? {
        guard let dot = name.lastIndex(of: ".") else { return nil }
        let suffix = name[name.index(after: dot)...]
        guard (3...4).contains(suffix.utf8.count), suffix.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return SplitName(base: name[..<dot], mark: ".", suffix: suffix)
    }

    /// Letters begin with “a”, which counts as zero.
    public var isFirstZero: Bool { isLetters }

    /// The name of another part of the same file.
    ///
    /// - Returns: `nil` where the letters do not count so far.
    public func name(of number: Int) -> String? {
        guard number >= 0 else { return nil }
        if isLetters {
            var (rest, letters) = (number, [Character]())
            for _ in 0..<width {
                letters.append(Character(UnicodeScalar(UInt8(0x61 + rest % 26))))
                rest /= 26
            }
            guard rest == 0 else { return nil }
            return base + mark + String(letters.reversed())
        }
        if let count { return "\(base)\(mark)\(number)of\(count)" }
        let digits = String(number)
        return base + mark + String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// A file that was cut, whole again.
    public struct Joined: Sendable, Equatable {
        public let name: String
        /// In order.
        public let parts: [String]

        public init(name: String, parts: [String]) {
            self.name = name
            self.parts = parts
        }
    }

    private struct Key: Hashable {
        let base: String
        let mark: String
        let isLetters: Bool
    }

    /// Finds the files that were cut among names that lie beside one another.
    ///
    /// - Returns: each file that can be joined, by name, and a sentence for each that cannot.
    public static func join(_ names: some Sequence<String>) -> (joined: [Joined], problems: [String]) {
        var groups: [Key: [(SplitName, String)]] = [:]
        for name in names {
            guard let part = SplitName(name) else { continue }
            groups[Key(base: part.base, mark: part.mark, isLetters: part.isLetters), default: []].append((part, name))
        }
        var joined: [Joined] = []
        var problems: [String] = []
        for (key, parts) in groups.sorted(by: { ($0.key.base, $0.key.mark) < ($1.key.base, $1.key.mark) }) {
            let parts = parts.sorted { ($0.0.number, $0.1) < ($1.0.number, $1.1) }
            if let problem = problem(parts.map(\.0)) {
                problems.append("\(key.base) was cut into parts, and \(problem).")
            } else {
                joined.append(Joined(name: key.base, parts: parts.map(\.1)))
            }
        }
        return (joined, problems)
    }

    /// The end of a sentence; `nil` where all parts are there. A missing last part shows only where the names tell the count.
    private static func problem(_ parts: [SplitName]) -> String? {
        guard let first = parts.first, first.number <= (first.isLetters ? 0 : 1) else { return "its first part is missing" }
        for (part, next) in zip(parts, parts.dropFirst()) {
            if part.number == next.number { return "part \(part.number) is there twice" }
            if part.number + 1 != next.number { return "part \(part.number + 1) is missing" }
        }
        guard let count = parts.compactMap(\.count).first else { return parts.count > 1 ? nil : "only one of them is here" }
        guard parts.allSatisfy({ $0.count == count }) else { return "they do not agree on how many there are" }
        return first.number + count - 1 == parts[parts.count - 1].number ? nil : "it has \(count) parts, of which \(parts.count) are here"
    }
}
