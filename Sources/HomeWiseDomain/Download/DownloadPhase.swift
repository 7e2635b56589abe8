// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// The five steps of a download, in their order.
public enum DownloadPhase: String, Sendable, Codable, CaseIterable, Comparable {
    /// What the model asks for, and who has it.
    case requirements
    /// Whether the disk has room for it.
    case space
    case transfer
    /// Checksums, and a look at every file by the strict parsers.
    case verification
    /// Into the store, under its name.
    case preparation

    /// From 1.
    public var number: Int { (Self.allCases.firstIndex(of: self) ?? 0) + 1 }

    public static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}
