// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation

/// Programs of this package, as the build put them beside the tests.
package enum Products {
    /// Folder of the build that the running tests belong to.
    package static var folder: String {
        let environment = ProcessInfo.processInfo.environment
        if let binary = environment["HOMEWISE_TEST_BINARY"] { return URL(filePath: binary).deletingLastPathComponent().path }
        let bundle = CommandLine.arguments.first { $0.contains(".xctest") } ?? CommandLine.arguments[0]
        return bundle.components(separatedBy: ".xctest")[0].split(separator: "/", omittingEmptySubsequences: false).dropLast()
            .joined(separator: "/")
    }

    package static var homewise: String { folder + "/homewise" }
    package static var fakeEngine: String { folder + "/FakeEngine" }
}
