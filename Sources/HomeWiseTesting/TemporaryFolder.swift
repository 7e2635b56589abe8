// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import Testing

/// Gives each test a folder of its own, and removes it afterwards.
package struct TemporaryFolder: TestTrait, SuiteTrait, TestScoping {
    /// The test's folder; short enough that a Unix socket fits below it.
    @TaskLocal package static var path = "/nonexistent"

    /// A folder that a sandboxed engine may write to as well, and that several of its lives share.
    package static var shared: String {
        #if os(Linux)
            "/dev/shm/" + (path.split(separator: "/").last ?? "")
        #else
            path
        #endif
    }

    package let isRecursive = true

    package func provideScope(for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void) async throws {
        guard !test.isSuite else { return try await function() }
        let path = "/tmp/hw-\(String(UInt32.random(in: .min ... .max), radix: 36))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await Self.$path.withValue(path) {
            let shared = Self.shared
            try FileManager.default.createDirectory(atPath: shared, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: shared) }
            try await function()
        }
    }
}

extension Trait where Self == TemporaryFolder {
    package static var temporaryFolder: Self { Self() }
}
