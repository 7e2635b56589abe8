// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import CGuard
import Foundation

/// The guard as this program runs it: `homewise __guard program argument…`.
package enum Guard {
    /// First argument that turns this program into a guard; not for people.
    package static let verb = "__guard"

    /// Runs the guard if the arguments ask for it. - Returns: the status to exit with, or `nil` when they do not.
    package static func runIfAsked(arguments: [String]) -> Int32? {
        guard arguments.count >= 3, arguments[1] == verb else { return nil }
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.dropFirst(2).map { strdup($0) }
        let count = Int32(pointers.count)
        pointers.append(nil)
        // The copies live as long as the program does.
        return pointers.withUnsafeMutableBufferPointer { homewise_guard(count, $0.baseAddress) }
    }
}
