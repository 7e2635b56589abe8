// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension LaunchPlan {
    /// Arguments for the PyTorch worker. The key is not among them: it travels in the environment.
    ///
    /// - Parameters:
    ///   - allowsPickle: a person agreed that pickled weights are read; even then nothing but tensors is.
    ///   - growth: how much the worker may grow before it asks to be replaced between two requests; `nil` for no bound.
    public func torchWorkerArguments(socket: String, isEmbedding: Bool, allowsPickle: Bool = false, growth: ByteCount? = nil) -> [String] {
        [
            "--model", model, "--alias", alias, "--socket", socket, "--threads", "\(threads)", "--context", "\(options.context)",
            "--purpose", isEmbedding ? "embedding" : "chat", "--device", placement == .cpu ? "cpu" : "auto",
        ] + (allowsPickle ? ["--allow-pickle"] : []) + (growth.map { ["--recycle-after-growth", "\(max(1, $0.bytes >> 20))"] } ?? [])
    }
}
