// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

public import Foundation

/// The three forms of a date that RFC 9110, §5.6.7, has a recipient read:
/// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`.
public enum HTTPDate {
    private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
    private static let days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

    /// - Parameter now: tells the century of a year of two digits, which is never more than fifty years ahead.
    public static func parse(_ text: some StringProtocol, now: Date) -> Date? {
        let words = text.split(whereSeparator: { " ,".contains($0) }).map { $0.lowercased() }
        guard let day = words.first, days.contains(String(day.prefix(3))) else { return nil }
        switch words.count {
        case 6 where words[5] == "gmt": return date(day: words[1], month: words[2], year: words[3], time: words[4])
        case 5: return date(day: words[2], month: words[1], year: words[4], time: words[3])
        case 4 where words[3] == "gmt": return short(words, now: now)
        default: return nil
        }
    }

    private static func short(_ words: [String], now: Date) -> Date? {
        let parts = words[1].split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, parts[2].utf8.count == 2, let digits = ContentRange.number(parts[2]) else { return nil }
        let thisYear = Int64(1970) + Int64(now.timeIntervalSince1970 / 31_556_952)
        var year = thisYear / 100 * 100 + digits
        if year > thisYear + 50 { year -= 100 }
        if year <= thisYear - 50 { year += 100 }
        return date(day: parts[0], month: parts[1], year: "\(year)", time: words[2])
    }

    private static func date(day: String, month: String, year: String, time: String) -> Date? {
        let clock = time.split(separator: ":", omittingEmptySubsequences: false).map { $0.utf8.count == 2 ? ContentRange.number($0) : nil }
        guard let day = ContentRange.number(day), let year = ContentRange.number(year), let month = months.firstIndex(of: month),
            (1...31).contains(day), (1600...9999).contains(year), clock.count == 3,
            let hour = clock[0], let minute = clock[1], let second = clock[2], hour < 24, minute < 60, second <= 60
        else { return nil }
        let seconds = daysSinceEpoch(year: year, month: Int64(month) + 1, day: day) * 86_400 + hour * 3_600 + minute * 60 + second
        return Date(timeIntervalSince1970: TimeInterval(seconds))
    }

    /// Of the proleptic Gregorian calendar, counted from March so that the leap day is a year's last.
    private static func daysSinceEpoch(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
