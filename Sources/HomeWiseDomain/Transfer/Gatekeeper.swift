// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Who decides on a file's readers: what a person can do about a no differs from one to the next.
public enum Gatekeeper: Sendable, Hashable {
    case hub
    case modelScope
    /// Any OCI registry, as logins name it.
    case registry(String)
    /// Ollama's own registry, which knows no logins that we could give.
    case ollama
    case packageIndex
    /// A plain address.
    case web

    /// What helps where a login is missing, or does not allow it.
    public var remedy: String {
        switch self {
        case .hub: "The model may be private or gated: accept its terms on the hub and set HF_TOKEN."
        case .modelScope: "The model may be private or gated: ask for access on its page and set MODELSCOPE_API_TOKEN."
        case .registry(let name): "Log in once with: docker login \(name)"
        case .ollama: "Only its public models are handed out here: check the name, or choose another source."
        case .packageIndex: "Put the name and password of your index into pip's configuration (index-url), or choose another source."
        case .web:
            "The address wants a login, or a signature in it has run out: get a fresh address from where you found it, or choose another source."
        }
    }
}
