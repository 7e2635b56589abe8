// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What somebody must be allowed before a route serves them. Each one includes those before it.
public enum AccessScope: String, Sendable, Codable, CaseIterable, Comparable {
    /// Whether we are here, and nothing about this machine, its models or its owner.
    case open
    /// To ask models, and to see which there are.
    case use
    /// To change what is here: models, settings, keys.
    case manage

    public static func < (first: AccessScope, second: AccessScope) -> Bool { first.rank < second.rank }

    private var rank: Int {
        switch self {
        case .open: 0
        case .use: 1
        case .manage: 2
        }
    }
}
