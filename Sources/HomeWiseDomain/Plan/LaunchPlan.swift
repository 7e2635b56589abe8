// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// How an engine is started, value by value, each with its reason, so that nothing is decided silently.
public struct LaunchPlan: Sendable, Codable, Equatable {
    /// The model's file, or the folder of its files where the engine takes one.
    public var model: String
    /// What turns pictures into tokens, where the model sees.
    public var projector: String?
    public var task = ModelTask.chat
    /// Name under which the engine serves it.
    public var alias: String
    public var options: ContextOptions
    public var placement: Placement
    /// Threads at the start.
    public var threads: Int
    /// Threads that a governor may go up to while it runs.
    public var mostThreads: Int
    /// Threads that an engine is started with whose threads are set while it runs; `nil` for as many as it may use now.
    ///
    /// A person may allow more of them later, and then it has them already. Those that rest cost nothing.
    public var pool: Int?
    /// Weights are rewritten for the processor's wide kernels: prompts are read faster, and it takes memory.
    public var isRepacking: Bool
    /// The file is mapped: its pages can be dropped and read again. Otherwise it is copied into memory.
    public var isMapped: Bool
    /// The faster kernel for attention, where the device has it.
    public var hasFlashAttention: Bool
    /// Keys and values can be kept in blocks of 32: not where the engine cannot divide a head by them (llama-context.cpp).
    public var hasBlockCache = true
    /// What a person should know about the values above, one clause each.
    public var reasons: [String]

    public init(
        model: String, alias: String, options: ContextOptions, placement: Placement = .cpu, threads: Int, reasons: [String],
        isRepacking: Bool = true, isMapped: Bool = true, hasFlashAttention: Bool = true
    ) {
        self.model = model
        self.alias = alias
        self.options = options
        self.placement = placement
        self.threads = threads
        mostThreads = threads
        self.reasons = reasons
        self.isRepacking = isRepacking
        self.isMapped = isMapped
        self.hasFlashAttention = hasFlashAttention
    }

    /// “the CPU”, or what lies on the GPU.
    public var device: String {
        guard let gpu = placement.gpu else { return "the CPU" }
        return "\(placement.gpuLayers) layers on \(gpu.name)" + (placement.hasExpertsOnCPU ? ", their experts on the CPU" : "")
    }

    /// Arguments for llama-server. The key is not among them: it travels in the environment.
    ///
    /// - Parameter isGoverned: the engine gets all threads that it may ever have, and a governor says how many of them work.
    public func llamaServerArguments(socket: String, isGoverned: Bool = false) -> [String] {
        let pool = isGoverned ? max(threads, mostThreads, pool ?? 0) : threads
        return [
            "--host", socket, "--model", model, "--alias", alias,
            "--threads", "\(pool)", "--threads-batch", "\(pool)",
            // The plan is made already; a second guess by the engine costs 0.2 to 0.9 s of every start.
            "--fit", "off", "--offline", "--no-ui",
            // Ready means ready: we send a real first request ourselves.
            "--no-warmup",
            // Kept prompts and checkpoints may take gigabytes beside the plan (8 GiB and 32 copies are the defaults).
            "--cache-ram", "0", "--ctx-checkpoints", "0",
        ] + (isRepacking ? [] : ["--no-repack"]) + (isMapped ? [] : ["--load-mode", "none"])
            + (hasFlashAttention ? [] : ["--flash-attn", "off"]) + options.arguments + placement.arguments
            + (projector.map { ["--mmproj", $0] } ?? []) + taskArguments
    }

    private var taskArguments: [String] {
        switch task {
        case .chat: ["--jinja"]
        case .completion: []
        case .embedding: ["--embeddings"]
        case .rerank: ["--reranking"]
        }
    }

    /// Arguments for a worker of ours, whatever it runs on.
    public func workerArguments(socket: String) -> [String] {
        [
            "--model", model, "--alias", alias, "--socket", socket, "--threads", "\(threads)", "--context", "\(options.context)",
            "--purpose", task.isWriting ? "chat" : "embedding",
        ]
    }
}

extension ModelFacts {
    /// Whether every head can be kept in blocks of 32 elements; a size that is not told is taken for one of the common ones.
    public var hasBlockHeads: Bool {
        [keySize, valueSize, slidingWindow?.keySize, slidingWindow?.valueSize].compactMap(\.self).allSatisfy { $0.isMultiple(of: 32) }
    }
}
