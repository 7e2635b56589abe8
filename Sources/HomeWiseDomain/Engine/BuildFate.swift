// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What becomes of a finished build whose proof failed. Making it again takes minutes, and a machine that was busy or shut in at that
/// moment says nothing against it.
public enum BuildFate: Sendable, Equatable {
    /// A fresh copy of it is proven once more.
    case tryAgain
    /// The failure is told, and the build stays for the next time.
    case keep
    case discard

    /// - Parameters:
    ///   - isChanged: its files are not those that were built.
    ///   - wasProven: it answered here before.
    ///   - isSecond: whether a fresh copy failed as well.
    ///   - cause: why it failed, where that is known.
    public init(isChanged: Bool, wasProven: Bool, isSecond: Bool, cause: ExitCause.Kind?) {
        let isUnfit = cause == .missingLibrary || cause == .wrongProcessor
        self = isChanged ? .discard : !isSecond ? .tryAgain : wasProven && !isUnfit ? .keep : .discard
    }
}
