// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// Writes to the two outputs. Colours and rewriting only where a person looks; a pipe gets plain text.
enum Terminal {
    static let isPerson = isatty(STDERR_FILENO) == 1
    static let isAnswerForPerson = isatty(STDOUT_FILENO) == 1
    static let isInputPerson = isatty(STDIN_FILENO) == 1

    /// The story, on standard error.
    static func say(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

    /// The result, on standard output.
    static func answer(_ text: String) { write(text, to: STDOUT_FILENO) }

    static func error(_ failure: Failure) {
        ProgressLine.shared.finish()
        write("\(paint("error", "31"))  \(failure.message)\n       \(failure.remedy)\n", to: STDERR_FILENO)
    }

    /// A text of strangers without what would drive the terminal: control characters and those that turn the direction.
    static func plain(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.filter { scalar in
                    switch scalar.value {
                    case 9, 10: true
                    case 0..<32, 127..<160, 0x202A...0x202E, 0x2066...0x2069, 0x200E, 0x200F: false
                    default: true
                    }
                }))
    }

    /// A label and what there is to say, the label in a column of its own.
    static func line(_ label: String, _ text: String) {
        say(paint(label.padding(toLength: 10, withPad: " ", startingAt: 0), "1") + " " + text)
    }

    /// What only a person at a terminal has use for, and not much.
    static func quiet(_ text: String) {
        if isPerson { say(dim(plain(text))) }
    }

    static func dim(_ text: String) -> String { paint(text, "2") }

    static func paint(_ text: String, _ code: String) -> String { isPerson ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text }

    /// Writes all of it. A reader that is gone ends the program as it would end any other: quietly.
    static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress!, $0.count) }
            if count > 0 {
                bytes = bytes.dropFirst(count)
            } else if !mayTryAgain(after: errno, on: descriptor) {
                return
            }
        }
    }

    /// A result that cannot be written is no success and ends the program; a story that cannot be told is only left untold.
    private static func mayTryAgain(after number: Int32, on descriptor: Int32) -> Bool {
        switch number {
        case EINTR: return true
        case EAGAIN:
            var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            return poll(&ready, 1, 1000) >= 0
        case EPIPE: exit(141)
        default:
            if descriptor == STDOUT_FILENO { exit(74) }
            return false
        }
    }

    /// - Parameter home: a folder that is shown as “~”, where the result is for the eyes of others.
    static func json(_ value: some Encodable, hiding home: String = "") throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let text = try String(decoding: encoder.encode(value), as: UTF8.self)
        answer((home.count > 1 ? text.replacingOccurrences(of: home + "/", with: "~/") : text) + "\n")
    }

    /// Asks a person for yes or no; anything but yes is no.
    static func confirm(_ question: String) -> Bool {
        write("\(question) [y/N] ", to: STDERR_FILENO)
        return ["y", "yes", "j", "ja"].contains(readLine()?.trimmingCharacters(in: .whitespaces).lowercased() ?? "")
    }
}
