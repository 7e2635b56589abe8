// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What an engine may reach of this machine. All else is refused to it, as far as the system can.
public struct SandboxPolicy: Sendable, Codable, Equatable {
    public enum Access: String, Sendable, Codable {
        case read
        /// Read and execute.
        case run
        /// Read, write, make and remove; what is written cannot be executed.
        case write
        /// Read, write and control.
        case device
    }

    /// One place, with all that lies below it.
    public struct Rule: Sendable, Codable, Equatable {
        public var access: Access
        /// Full path, links resolved. What is not there needs no rule, and has none.
        public var path: String
        /// Why the engine needs it, as a clause.
        public var reason: String

        public init(_ access: Access, _ path: String, _ reason: String) {
            self.access = access
            self.path = path
            self.reason = reason
        }
    }

    public var rules: [Rule]
    /// Why it needs the network; `nil` shuts it, and the sockets of other programs too.
    public var networkReason: String?

    public init(rules: [Rule], networkReason: String? = nil) {
        self.rules = rules
        self.networkReason = networkReason
    }

    /// As the guard reads it (cguard.h). A path that is not full has no rule.
    public var guardArguments: [String] {
        ["+sandbox"] + (networkReason == nil ? ["+offline"] : [])
            + rules.filter { $0.path.hasPrefix("/") }.map { "+\($0.access.rawValue)=\($0.path)" }
    }
}

extension SandboxPolicy {
    /// What every program needs of a Linux system: no home, no store, no mail, no mounted disk.
    public static let system: [Rule] =
        ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/opt", "/nix/store", "/gnu/store", "/run/opengl-driver"]
        .map { Rule(.run, $0, "programs and libraries of the system") }
        + [
            "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "ld.so.preload", "localtime", "nsswitch.conf", "passwd", "group", "vulkan",
            "OpenCL", "glvnd", "drirc", "nvidia", "alternatives",
        ].map { Rule(.read, "/etc/" + $0, "settings of the system's libraries") }
        + ["/proc", "/sys"].map { Rule(.read, $0, "what the system tells of itself") }
        + ["null", "zero", "full", "random", "urandom"].map { Rule(.device, "/dev/" + $0, "plain devices") }
        + ["dri", "kfd", "dxg", "accel", "nvidia-caps"].map { Rule(.device, "/dev/" + $0, "graphics cards") }
        + [Rule(.write, "/dev/shm", "memory that its parts share")]

    /// Why a plan needs the network: it spreads a model over other machines.
    public static func networkReason(placement: Placement, arguments: [String]) -> String? {
        let isRemote = placement.gpu?.engineName?.hasPrefix("RPC") == true
        return isRemote || arguments.contains("--rpc") ? "part of the model lies on another machine" : nil
    }
}

/// What of a policy is in force, as the guard tells it.
public struct SandboxState: Sendable, Codable, Equatable {
    public enum Level: String, Sendable, Codable { case full, partial, none }
    public var level: Level
    /// What is missing, as clauses; `nil` where nothing is.
    public var reason: String?

    public init(_ level: Level, _ reason: String? = nil) {
        self.level = level
        self.reason = reason
    }

    /// - Parameter words: what stands behind “sandbox ” on the guard's line.
    public init?(words: some StringProtocol) {
        let halves = words.split(separator: " ", maxSplits: 1)
        guard let level = halves.first.flatMap({ Level(rawValue: String($0)) }) else { return nil }
        self.init(level, halves.count == 2 ? String(halves[1]) : nil)
    }

    public static let switchedOff = SandboxState(.none, "it is switched off (HOMEWISE_ENGINE_SANDBOX)")

    /// In any case.
    public var words: String { complaint ?? "sandboxed: no network, and of the disk its own folder and the model alone" }

    /// For a person; `nil` where all that was asked for is in force.
    public var complaint: String? {
        switch level {
        case .full: nil
        case .partial: "partly unsandboxed: \(reason ?? "it is not known why")"
        case .none: "unsandboxed: \(reason ?? "it is not known why")"
        }
    }
}
