// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

public import Foundation
public import HomeWiseDomain

/// What the house needs of the world outside, given at the door, so that a test can give it a small one.
public struct World: Sendable {
    /// Where models, engines and the inventory live.
    public var home: String
    /// Where slow things are kept that can be made again: sources being built, finished engine builds.
    public var cache: String
    /// Where it is remembered which stores there are, outside of them; `nil` remembers nothing.
    public var state: String?
    /// Told what a person should know of the store before anything else happens.
    public var notice: @Sendable (String) -> Void = { _ in }
    /// This program's own file; it is started again as the guard of children.
    public var executable: String
    public var environment: [String: String]
    /// The wall clock.
    public var now: @Sendable () -> Date
    public var patience: RetryPolicy
    /// What downloads may take.
    public var limits: TransferLimits
    /// Models that are downloaded at a time.
    public var parallelDownloads = 1
    /// Whether an archive that a model came in is kept beside it (`keep_compressed`).
    public var keepCompressed = false
    /// Threads of a running engine follow the cores that are free.
    public var isGoverned = true
    /// How hot the processor may become through us.
    public var heat = HeatLimits.standard
    /// Folder that holds the `sys` in which sensors are looked for.
    public var sensors = "/"
    /// Servers of models reach only what they need of the machine.
    public var isSandboxed = true
    /// The model registry as JSON; `nil` for the one that comes with the program.
    public var registry: Data?

    public init(
        home: String, cache: String, executable: String, environment: [String: String], now: @escaping @Sendable () -> Date = { Date() },
        patience: RetryPolicy = RetryPolicy(), limits: TransferLimits = TransferLimits(), registry: Data? = nil, state: String? = nil
    ) {
        self.home = home
        self.cache = cache
        self.executable = executable
        self.environment = environment
        self.now = now
        self.patience = patience
        self.limits = limits
        self.registry = registry
        self.state = state
    }

    /// The world as a person's environment describes it.
    ///
    /// - `HOMEWISE_HOME` (path, default `$XDG_DATA_HOME/homewise` or `~/.local/share/homewise`): the store.
    /// - `HOMEWISE_CACHE` (path, default `$XDG_CACHE_HOME/homewise` or `~/.cache/homewise`): engine builds.
    /// - `HOMEWISE_STATE` (path, default `$XDG_STATE_HOME/homewise` or `~/.local/state/homewise`): which stores there are.
    /// - `HOMEWISE_SENSORS` (path, default `/`): where a `sys` with temperatures is, for a recorded machine.
    /// - `HOMEWISE_REGISTRY` (path): a model registry used instead of the one that comes with the program.
    /// - Throws: `Failure` when a named registry cannot be read, or neither `HOME` nor the paths above are set.
    public init(environment: [String: String], executable: String) throws {
        func folder(_ own: String, _ xdg: String, _ fallback: String) throws -> String {
            if let path = environment[own], !path.isEmpty { return try Self.absolute(path, named: own) }
            if let path = environment[xdg], path.hasPrefix("/") { return path + "/homewise" }
            guard let home = environment["HOME"], home.hasPrefix("/") else {
                throw Failure.badInput("HOME is not set.", remedy: "Set HOME, or \(own) to the folder that HomeWise may use.")
            }
            return "\(home)/\(fallback)/homewise"
        }
        try self.init(
            home: folder("HOMEWISE_HOME", "XDG_DATA_HOME", ".local/share"), cache: folder("HOMEWISE_CACHE", "XDG_CACHE_HOME", ".cache"),
            executable: executable, environment: environment, limits: Self.limits(environment))
        parallelDownloads = try Self.parallelDownloads(environment["HOMEWISE_DOWNLOAD_PARALLEL_DOWNLOADS"] ?? "")
        keepCompressed = try Self.isOn(environment, "HOMEWISE_DOWNLOAD_KEEP_COMPRESSED", otherwise: false)
        isGoverned = try Self.isOn(environment, "HOMEWISE_ENGINE_GOVERNOR", otherwise: true)
        isSandboxed = try Self.isOn(environment, "HOMEWISE_ENGINE_SANDBOX", otherwise: true)
        heat = try Self.heat(environment)
        if let path = environment["HOMEWISE_SENSORS"], !path.isEmpty { sensors = try Self.absolute(path, named: "HOMEWISE_SENSORS") }
        let isNamed = !(environment["HOMEWISE_STATE"] ?? "").isEmpty
        do { state = try folder("HOMEWISE_STATE", "XDG_STATE_HOME", ".local/state") } catch {
            // Who has no home and names all else by hand goes without it; a place that is named wrong is said so.
            if isNamed { throw error }
        }
        if let path = environment["HOMEWISE_REGISTRY"], !path.isEmpty {
            do { registry = try Data(contentsOf: URL(filePath: path)) } catch {
                throw Failure.unreadable(path: path, reason: error.localizedDescription)
            }
        }
    }

    /// What downloads may take.
    ///
    /// - `HOMEWISE_DOWNLOAD_CONNECTIONS` (1 to 32, default 8): ranges at a time within one file.
    /// - `HOMEWISE_DOWNLOAD_BANDWIDTH_LIMIT` (size a second such as `5MB`, default `0`: none).
    /// - `HOMEWISE_DOWNLOAD_HOURS` (such as `01:00-07:00`, default all): large transfers rest outside of them.
    private static func limits(_ environment: [String: String]) throws -> TransferLimits {
        func value(_ key: String) -> String? { environment["HOMEWISE_DOWNLOAD_" + key].flatMap { $0.isEmpty ? nil : $0 } }
        return try TransferLimits.parsing(connections: value("CONNECTIONS"), bandwidth: value("BANDWIDTH_LIMIT"), hours: value("HOURS"))
    }

    /// `HOMEWISE_MONITOR_TEMPERATURE_WARNING` and `HOMEWISE_MONITOR_TEMPERATURE_CRITICAL` (40 to 110 °C, default 85 and 95).
    private static func heat(_ environment: [String: String]) throws -> HeatLimits {
        func value(_ key: String, otherwise: Double) throws -> Double {
            let name = "HOMEWISE_MONITOR_TEMPERATURE_" + key
            guard let text = environment[name], !text.isEmpty else { return otherwise }
            guard let celsius = Double(text) else {
                throw Failure.badInput("\(name) is “\(text.prefix(40))”.", remedy: "Give a number of degrees Celsius.")
            }
            return celsius
        }
        return try HeatLimits(
            warning: value("WARNING", otherwise: HeatLimits.standard.warning),
            critical: value("CRITICAL", otherwise: HeatLimits.standard.critical))
    }

    /// A variable that is `true` or `false`.
    ///
    /// - Throws: `Failure.badInput`.
    static func isOn(_ environment: [String: String], _ name: String, otherwise: Bool) throws -> Bool {
        let text = environment[name] ?? ""
        switch text.lowercased() {
        case "": return otherwise
        case "true", "yes", "on", "1": return true
        case "false", "no", "off", "0": return false
        default: throw Failure.badInput("\(name) is “\(text.prefix(40))”.", remedy: "Give true or false.")
        }
    }

    /// - Parameter text: `HOMEWISE_DOWNLOAD_PARALLEL_DOWNLOADS` (1 to 8, default 1): models at a time.
    /// - Throws: `Failure.badInput`.
    public static func parallelDownloads(_ text: String) throws -> Int {
        guard !text.isEmpty else { return 1 }
        guard let number = Int(text), (1...8).contains(number) else {
            throw Failure.badInput("“\(text.prefix(40))” is no number of downloads at a time.", remedy: "Give 1 to 8.")
        }
        return number
    }

    private static func absolute(_ path: String, named name: String) throws -> String {
        guard path.hasPrefix("/") else { throw Failure.badInput("\(name) is “\(path)”.", remedy: "Give a full path that begins with /.") }
        return path
    }
}
