// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Names of files that one model file gives for another. They come from strangers and are about to be opened.
///
/// These are the checks of the text; whether the path leads through links, or to a pipe, is for whoever opens it.
enum UntrustedName {
    /// A path below the model's own folder: no part empty, `.` or `..`, no backslash, drive letter or control character.
    ///
    /// - Parameter field: what faults are about.
    static func relativePath(_ text: String, field: String) throws(FormatFault) -> SafePath {
        // A colon makes a drive or a stream on Windows; onnxruntime takes “*/…/*” for an address in memory.
        guard !text.contains(":"), !text.contains("*"), let path = try? SafePath(untrusted: text) else {
            throw FormatFault(.unsafePath, field, "“\(printable(text))” is no path inside the model's folder")
        }
        return path
    }

    /// The plain name of a file beside this one.
    static func fileName(_ text: String, field: String) throws(FormatFault) -> String {
        let path = try relativePath(text, field: field)
        guard !text.contains("/"), !text.hasPrefix("."), !text.hasPrefix("-") else {
            throw FormatFault(.unsafePath, field, "“\(printable(text))” is no plain file name")
        }
        return path.value
    }

    /// A global's name as a list may show it. One that is changed by this begins with a mark, so that it equals no other name.
    static func printableGlobal(_ name: String) -> String {
        let shown = String(String.UnicodeScalarView(name.unicodeScalars.prefix(200).filter { $0.value >= 32 && $0.value < 127 }))
        return shown.utf8.elementsEqual(name.utf8) ? shown : "?" + shown
    }

    /// The text as a message may show it.
    static func printable(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.prefix(60).filter { $0.value >= 32 && $0.value != 127 }))
    }
}
