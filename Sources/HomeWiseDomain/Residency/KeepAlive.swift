// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// How long a model stays loaded after its last request (`idle_unload`).
public enum KeepAlive: Sendable, Equatable, Hashable {
    case never
    /// Seconds; 0 is at once.
    case after(Double)

    /// As it is when nobody says otherwise.
    public static let standard = KeepAlive.after(300)
    /// A year: whoever means longer means never.
    static let longest = 31_536_000.0

    /// - Parameter text: “5m”, “90s”, “1h30m”, seconds without a unit, 0 for at once, “never” or anything negative for never.
    /// - Throws: `Failure.badInput`.
    public init(parsing text: some StringProtocol) throws {
        let words = text.lowercased().filter { !$0.isWhitespace }
        if words == "never" || words == "-1" {
            self = .never
            return
        }
        guard let seconds = Self.seconds(words.hasPrefix("-") ? String(words.dropFirst()) : words) else {
            throw Failure.badInput(
                "“\(text.prefix(40))” is no time.", remedy: "Write a time such as 5m, 90s or 1h, 0 for at once, or never.")
        }
        self = words.hasPrefix("-") || seconds > Self.longest ? .never : .after(seconds)
    }

    private static func seconds(_ words: String) -> Double? {
        if let number = Double(words), number >= 0, number.isFinite { return number }
        let units: [(name: String, seconds: Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)]
        var (rest, sum) = (Substring(words), 0.0)
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { ($0.isASCII && $0.isNumber) || $0 == "." }
            rest = rest.dropFirst(digits.count)
            guard let number = Double(digits), let unit = units.first(where: { rest.hasPrefix($0.name) }) else { return nil }
            rest = rest.dropFirst(unit.name.count)
            sum += number * unit.seconds
        }
        return sum.isFinite ? sum : nil
    }

    public var text: String {
        switch self {
        case .never: "never"
        case .after(0): "0"
        case .after(let seconds):
            seconds.truncatingRemainder(dividingBy: 60) == 0 ? "\(Int64(seconds / 60))m" : "\(seconds.rounded(toPlaces: 1))s"
        }
    }
}

extension KeepAlive: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let seconds = try? container.decode(Double.self) {
            self = seconds < 0 || seconds > Self.longest ? .never : .after(seconds)
        } else {
            try self.init(parsing: container.decode(String.self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .never: try container.encode(-1.0)
        case .after(let seconds): try container.encode(seconds)
        }
    }
}
