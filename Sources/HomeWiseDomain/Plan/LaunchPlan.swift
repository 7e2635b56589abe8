// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// How an engine is started, value by value, each with its reason, so that nothing is decided silently.
public struct LaunchPlan: Sendable, Codable, Equatable {
    /// The model's file.
    public var model: String
    /// Name under which the engine serves it.
    public var alias: String
    /// Tokens.
    public var context: Int
    public var threads: Int
    public var device: Device
    /// Conversations at a time.
    public var parallel: Int
    /// What a person should know about the values above, one clause each.
    public var reasons: [String]

    public enum Device: String, Sendable, Codable { case cpu }

    public init(model: String, alias: String, context: Int, threads: Int, device: Device = .cpu, parallel: Int = 1, reasons: [String]) {
        self.model = model
        self.alias = alias
        self.context = context
        self.threads = threads
        self.device = device
        self.parallel = parallel
        self.reasons = reasons
    }

    /// Arguments for llama-server. The key is not among them: it travels in the environment.
    public func llamaServerArguments(socket: String, isChat: Bool) -> [String] {
        [
            "--host", socket, "--model", model, "--alias", alias,
            "--ctx-size", "\(context)", "--parallel", "\(parallel)",
            "--threads", "\(threads)", "--threads-batch", "\(threads)",
            // The plan is made already; a second guess by the engine costs 0.2 to 0.9 s of every start.
            "--fit", "off", "--offline", "--no-ui",
            // Ready means ready: we send a real first request ourselves.
            "--no-warmup",
        ] + (isChat ? ["--jinja"] : [])
    }
}
