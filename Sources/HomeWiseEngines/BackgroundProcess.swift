// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// A program of ours that lives on when we end: in a session of its own, with its words in a file.
package enum BackgroundProcess {
    /// `POSIX_SPAWN_SETSID`, which the C library hides from Swift (spawn.h of glibc and of macOS).
    #if os(macOS)
        private static let newSession: Int16 = 0x0400
    #else
        private static let newSession: Int16 = 0x80
    #endif

    /// - Parameter log: begun anew where it has grown beyond a megabyte.
    package static func start(_ program: String, _ arguments: [String], environment: [String: String], log: String) throws {
        var status = stat()
        let isLong = stat(log, &status) == 0 && status.st_size > 1 << 20
        let descriptor = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (isLong ? O_TRUNC : 0), 0o600)
        guard descriptor >= 0 else { throw Failure.cannotWrite(path: log, errno: errno) }
        defer { close(descriptor) }
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, descriptor, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, descriptor, STDERR_FILENO)
        // What we ignore or hold back it shall hear all the same: an ignored signal stays ignored by whoever is started.
        var (heard, none) = (sigset_t(), sigset_t())
        sigemptyset(&heard)
        sigemptyset(&none)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGXFSZ] { sigaddset(&heard, number) }
        posix_spawnattr_setsigdefault(&attributes, &heard)
        posix_spawnattr_setsigmask(&attributes, &none)
        // The terminal's signals are not for it.
        posix_spawnattr_setflags(&attributes, Self.newSession | Int16(POSIX_SPAWN_SETSIGDEF) | Int16(POSIX_SPAWN_SETSIGMASK))
        let words = ([program] + arguments).map { strdup($0) } + [nil]
        let variables = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { (words + variables).forEach { free($0) } }
        var pid: pid_t = 0
        let number = posix_spawn(&pid, program, &actions, &attributes, words, variables)
        guard number == 0 else {
            throw Failure.engineDidNotStart(ExitCause(.failed, "\(program) cannot be run: \(String(cString: strerror(number)))"), tail: [])
        }
    }
}
