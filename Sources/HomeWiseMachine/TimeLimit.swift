// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import Synchronization

/// Calls into a vendor's library on a thread of its own, and stops waiting after a while.
///
/// A broken driver can block such a call for good, in the kernel even, where no signal reaches it. Nothing in the process can
/// end that thread safely: it may hold the library's locks or the allocator's. So it is left behind, costing a stack, and whoever
/// asks the same library again hears at once that it still hangs: it never costs more than one thread.
enum TimeLimit {
    /// Libraries whose call is late.
    private static let overdue = Mutex<Set<String>>([])

    private struct State<Value: Sendable>: Sendable {
        var value: Value?
        var isAbandoned = false
    }

    private final class Call<Value: Sendable>: Sendable {
        let state = Mutex(State<Value>())
        let done = DispatchSemaphore(value: 0)
    }

    /// - Parameter name: of the library. A body that loads a library must unload it too: only it knows when no call runs any more.
    /// - Returns: `nil` when the limit passed, or an earlier call to the same library still hangs.
    static func run<Value: Sendable>(_ name: String, limit: Duration, _ body: @escaping @Sendable () -> Value) -> Value? {
        guard !overdue.withLock({ $0.contains(name) }) else { return nil }
        let call = Call<Value>()
        let thread = Thread {
            let value = body()
            call.state.withLock { state in
                state.value = value
                if state.isAbandoned { overdue.withLock { _ = $0.remove(name) } }
            }
            call.done.signal()
        }
        thread.stackSize = 8 << 20  // as the main thread has: drivers compile programs on it
        thread.start()
        _ = call.done.wait(timeout: .now() + limit.seconds)
        return call.state.withLock { state in
            guard state.value == nil else { return state.value }
            state.isAbandoned = true
            overdue.withLock { _ = $0.insert(name) }
            return nil
        }
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
