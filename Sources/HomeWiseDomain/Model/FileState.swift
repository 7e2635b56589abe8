// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// How a file of a model is found, from a cheap look: nothing is hashed for it. A model is as its worst file is.
public enum FileState: String, Sendable, Codable, CaseIterable, Comparable {
    /// In its place, and not touched since it was proven.
    case sound
    /// On a disk or in a folder that is not there now: it comes back with it.
    case away
    /// Touched since it was proven: it counts again once it is proven anew.
    case changed
    /// Read and found wrong.
    case damaged
    /// Gone.
    case missing

    public static func < (left: Self, right: Self) -> Bool { left.severity < right.severity }

    private var severity: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
