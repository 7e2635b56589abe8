// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// A device as an engine lists it: “CUDA0: NVIDIA GeForce RTX 3060 (12036 MiB, 11000 MiB free)”. One card may be listed several times,
/// once for each way that the engine has to it.
public struct EngineDevice: Sendable, Equatable {
    /// What the engine is told to use it by, such as “CUDA0”.
    public var name: String
    /// The card, in its driver's words.
    public var card: String
    public var memory: ByteCount?

    public init(name: String, card: String, memory: ByteCount? = nil) {
        self.name = name
        self.card = card
        self.memory = memory
    }

    /// - Returns: `nil` for a line that names no device.
    public init?(line: String) {
        guard let colon = line.firstIndex(of: ":") else { return nil }
        let name = line[..<colon].trimming(" ")
        guard !name.isEmpty, name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }) else { return nil }
        var rest = line[line.index(after: colon)...].trimming(" ")
        var memory: ByteCount?
        // Drivers put words of their own in brackets: only the last ones are the engine's.
        if rest.hasSuffix(" free)"), let bracket = rest.lastIndex(of: "(") {
            let words = rest[rest.index(after: bracket)...].split(separator: " ")
            if words.count > 1, words[1].hasPrefix("MiB"), let count = Int64(words[0]) {
                let (bytes, isTooLarge) = count.multipliedReportingOverflow(by: 1 << 20)
                memory = isTooLarge || bytes <= 0 ? nil : ByteCount(bytes)
            }
            rest = rest[..<bracket].trimming(" ")
        }
        self.init(name: String(name), card: String(rest), memory: memory)
    }

    /// The way to it: “CUDA” of “CUDA0”.
    var way: Substring { name.prefix { !$0.isNumber } }

    /// A device of another machine or process is no second way to one that is here, whatever it is called.
    var isRemote: Bool { way == "RPC" }

    /// Makers and fillers that one driver writes and the next one does not.
    private static let noise: Set<Substring> = [
        "nvidia", "amd", "ati", "intel", "apple", "corporation", "inc", "r", "tm", "graphics", "gpu",
    ]

    /// Words that tell one card from another, without what drivers put in brackets.
    private var words: Set<Substring> {
        var (text, depth) = ("", 0)
        for character in card.lowercased() {
            if character == "(" { depth += 1 }
            if depth == 0 { text.append(character) }
            if character == ")" { depth = max(0, depth - 1) }
        }
        let words = Set(text.split { !$0.isLetter && !$0.isNumber }.map { Substring(String($0)) })
        let telling = words.subtracting(Self.noise)
        return telling.isEmpty ? words : telling
    }

    /// Drivers count a card's memory a little differently: this share apart at most.
    private static let spread = 0.1

    /// Whether both are one kind of card, by name and memory.
    func isSameKind(as other: EngineDevice) -> Bool {
        guard !isRemote, !other.isRemote, !words.isEmpty, words == other.words else { return false }
        guard let mine = memory?.bytes, let its = other.memory?.bytes else { return true }
        return abs(Double(mine) - Double(its)) <= Self.spread * Double(max(mine, its))
    }
}

extension [EngineDevice] {
    /// Other ways to a device's card. Of several equal cards the one with the same place in its way's list is meant; where that cannot
    /// be told, none is.
    ///
    /// - Parameter card: what the device is called, should it not be listed any more.
    public func otherWays(to name: String, card: String) -> [EngineDevice] {
        let own = first { $0.name == name } ?? EngineDevice(name: name, card: card)
        guard !own.isRemote else { return [] }
        let twins = filter { $0.way == own.way && $0.isSameKind(as: own) }
        let place = twins.firstIndex { $0.name == own.name }
        var seen: Set<Substring> = []
        return compactMap { device -> EngineDevice? in
            guard device.way != own.way, device.isSameKind(as: own), seen.insert(device.way).inserted else { return nil }
            let there = filter { $0.way == device.way && $0.isSameKind(as: own) }
            if let place, twins.count == there.count { return there[place] }
            return there.count == 1 && twins.count <= 1 ? there[0] : nil
        }
    }
}

extension StringProtocol {
    fileprivate func trimming(_ character: Character) -> SubSequence {
        var part = self[...]
        while part.first == character { part = part.dropFirst() }
        while part.last == character { part = part.dropLast() }
        return part
    }
}
