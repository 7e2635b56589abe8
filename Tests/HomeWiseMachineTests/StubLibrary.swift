// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseTesting
import Testing

/// Stand-ins for vendors' libraries, compiled from C and loaded the way the real ones are.
enum StubLibrary {
    /// - Returns: the library's path, in the test's folder.
    static func compile(_ source: String, _ defines: [String] = [], name: String = "stub") throws -> String {
        let path = TemporaryFolder.path + "/" + name
        try Data(source.utf8).write(to: URL(filePath: path + ".c"))
        let compiler = Process()
        compiler.executableURL = URL(filePath: "/usr/bin/env")
        compiler.arguments = ["cc", "-shared", "-fPIC", "-o", path + ".so", path + ".c"] + defines.map { "-D\($0)" }
        try compiler.run()
        compiler.waitUntilExit()
        try #require(compiler.terminationStatus == 0)
        return path + ".so"
    }

    /// C that waits until a file appears in the test's folder.
    static var untilReleased: String {
        """
        #include <unistd.h>
        static void wait_until_released(void) { while (access("\(TemporaryFolder.path)/release", F_OK)) usleep(1000); }

        """
    }

    static func release() throws { try Data().write(to: URL(filePath: TemporaryFolder.path + "/release")) }

    static func isLoaded(_ path: String) -> Bool {
        guard let library = dlopen(path, RTLD_NOW | RTLD_NOLOAD) else { return false }
        dlclose(library)
        return true
    }
}
