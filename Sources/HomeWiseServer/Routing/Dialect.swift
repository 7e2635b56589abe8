// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Whose clients a route is for: they read failures in one shape of their own.
enum Dialect: String, Sendable, CaseIterable {
    /// Ours: the failure itself.
    case native
    case openAI = "openai"
    case anthropic
    case ollama
}
