// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// Turns a library's words at the load into one of the failures that the manager tells apart. As in `ExitCause`, text is matched
/// here and nowhere else: the libraries give nothing but text.
enum LoadError {
    static func failure(_ text: String) -> Failure {
        let line = text.split(separator: "\n").first.map(String.init) ?? text
        let lower = text.lowercased()
        if isMemory(text) { return .workerOutOfMemory("loading the model") }
        if let name = name(after: "unsupported model_type in config.json: ", in: line) { return .unknownArchitecture(name) }
        if lower.contains("not implemented") || lower.contains("is not a registered function") || lower.contains("no op registered") {
            return .unknownArchitecture(String(line.prefix(200)))
        }
        return .damagedModel(String(line.prefix(300)))
    }

    /// Whether the words of a library, or of the loader, say that there was not enough memory.
    static func isMemory(_ text: String) -> Bool {
        let lower = text.lowercased()
        return ["bad_alloc", "failed to allocate", "could not allocate", "cannot allocate", "out of memory", "failed to map segment"]
            .contains { lower.contains($0) }
    }

    private static func name(after words: String, in line: String) -> String? {
        guard let range = line.range(of: words, options: .caseInsensitive) else { return nil }
        return String(line[range.upperBound...].prefix(60))
    }
}
