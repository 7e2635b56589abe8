// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What is written down of a running engine, so that a later run can end it when its manager and its guard were killed together.
public struct EngineRecord: Sendable, Codable, Equatable {
    /// 0 while it is being started.
    public var pid: Int32
    /// When it was started, in ticks since the system started (field 22 of proc_pid_stat(5)): no other process has both numbers.
    public var started: UInt64
    /// Which start of the system that was (/proc/sys/kernel/random/boot_id).
    public var boot: String
    /// Path of its program.
    public var program: String
    /// A word in the environment of the engine and of all that it starts.
    public var mark: String
    /// Who looks after it, and when that one was started: as long as it lives nobody else ends the engine.
    public var manager: Int32
    public var managerStarted: UInt64

    public init(
        pid: Int32 = 0, started: UInt64 = 0, boot: String, program: String = "", mark: String, manager: Int32, managerStarted: UInt64
    ) {
        (self.manager, self.managerStarted) = (manager, managerStarted)
        self.pid = pid
        self.started = started
        self.boot = boot
        self.program = program
        self.mark = mark
    }

    /// A process as it is seen now.
    public struct Sight: Sendable, Equatable {
        public var pid: Int32
        public var started: UInt64
        public var program: String?
        /// The mark in its environment.
        public var mark: String?

        public init(pid: Int32, started: UInt64, program: String?, mark: String?) {
            self.pid = pid
            self.started = started
            self.program = program
            self.mark = mark
        }
    }

    /// Whether a process is this engine, or was started by it. A number alone proves nothing: it may be given to a stranger.
    ///
    /// - Parameter boot: the start of the system that the process was seen in.
    public func isOurs(_ sight: Sight, boot: String) -> Bool {
        guard boot == self.boot, !mark.isEmpty else { return false }
        if sight.mark == mark { return sight.started >= started }
        return sight.pid == pid && sight.started == started && sight.program == program
    }
}
