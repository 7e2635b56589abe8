// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// How the next token is chosen and when the answer ends. The defaults are llama-server's.
struct SamplingOptions: Sendable, Equatable {
    /// 0 takes the most probable token.
    var temperature = 0.8
    var topP = 0.95
    /// 0 looks at all.
    var topK = 40
    var repetitionPenalty = 1.0
    /// `nil`: another one each time.
    var seed: Int32?
    /// Tokens to write at most; `nil` for as many as there is room for.
    var limit: Int?
    var stops: [String] = []
}
