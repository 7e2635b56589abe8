// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import Synchronization

/// Work that everything else goes before.
package enum BackgroundThread {
    /// Runs a body on a thread of its own with the lowest priority for processor and disk: on Linux the disk serves it only when
    /// nobody else wants anything (ioprio_set(2), where the disk's scheduler knows priorities).
    ///
    /// - Parameter body: gets a function that throws once the task is cancelled.
    package static func run<Value: Sendable>(
        _ body: @escaping @Sendable (_ checkpoint: () throws -> Void) throws -> Value
    ) async throws -> Value {
        let isCancelled = Flag()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let thread = Thread {
                    lower()
                    continuation.resume(with: Result { try body { if isCancelled.isSet { throw CancellationError() } } })
                }
                thread.start()
            }
        } onCancel: {
            isCancelled.set()
        }
    }

    private final class Flag: Sendable {
        private let value = Atomic(false)
        var isSet: Bool { value.load(ordering: .relaxed) }
        func set() { value.store(true, ordering: .relaxed) }
    }

    private static func lower() {
        #if canImport(Darwin)
            setpriority(PRIO_DARWIN_THREAD, 0, PRIO_DARWIN_BG)
        #else
            // On Linux 0 is the calling thread alone. That it may fail changes nothing but who waits for whom.
            setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 19)
            // glibc has no function for it, and Swift does not see `syscall`, which takes any number of arguments.
            typealias Call = @convention(c) (Int, Int, Int, Int) -> Int
            #if arch(x86_64)
                let number = 251
            #else
                let number = 30
            #endif
            let (thisThread, idle) = (1, 3 << 13)
            if let symbol = dlsym(nil, "syscall") { _ = unsafeBitCast(symbol, to: Call.self)(number, thisThread, 0, idle) }
        #endif
    }
}
