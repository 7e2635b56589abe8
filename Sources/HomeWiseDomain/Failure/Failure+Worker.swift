// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension Failure.Code {
    public static let libraryMissing = Self(rawValue: "library_missing")
    public static let libraryUnfit = Self(rawValue: "library_unfit")
    public static let notSupported = Self(rawValue: "not_supported")
    public static let promptTooLong = Self(rawValue: "prompt_too_long")
    public static let stillLoading = Self(rawValue: "still_loading")
    public static let shuttingDown = Self(rawValue: "shutting_down")
    public static let wrongKey = Self(rawValue: "wrong_key")
    public static let unknownRoute = Self(rawValue: "unknown_route")
    public static let wrongMethod = Self(rawValue: "wrong_method")
    public static let requestTooLarge = Self(rawValue: "request_too_large")
    public static let generationFailed = Self(rawValue: "generation_failed")
}

/// What a worker of ours says at its start. The words before the colon are those that `ExitCause` knows.
extension Failure {
    public static func libraryMissing(_ name: String, _ reason: String) -> Failure {
        Failure(
            .libraryMissing, "missing library: \(name) (\(reason))",
            remedy: "Install the engine anew: homewise engine install onnx")
    }

    /// A library that is there and is not the one that we were written for.
    public static func libraryUnfit(_ name: String, _ reason: String) -> Failure {
        Failure(
            .libraryUnfit, "missing library: \(name) is here, but \(reason)",
            remedy: "Install the engine anew: homewise engine install onnx")
    }

    public static func damagedModel(_ what: String) -> Failure {
        Failure(.malformedModel, "damaged model: \(what)", remedy: "Check the files and repair them: homewise verify --repair")
    }

    public static func unknownArchitecture(_ name: String) -> Failure {
        Failure(
            .notSupported, "unknown model architecture: \(name)",
            remedy: "A newer engine may know it: homewise engine install onnx. Or choose another model: homewise recommend")
    }

    /// The model is sound, and this worker would compute something else than its makers mean.
    public static func modelNotSupported(_ what: String) -> Failure {
        Failure(
            .notSupported, "unsupported model architecture: \(what)",
            remedy: "Take the model in another format, as GGUF: homewise search")
    }

    public static func workerOutOfMemory(_ what: String) -> Failure {
        Failure(
            .init(rawValue: "out_of_memory"), "failed to allocate memory while \(what)",
            remedy: "Close other programs, or choose a smaller model or context: homewise recommend")
    }
}

/// What a worker of ours answers to a request.
extension Failure {
    /// - Parameters:
    ///   - prompt: its tokens.
    ///   - most: tokens that there is room for.
    public static func promptTooLong(_ prompt: Int, most: Int) -> Failure {
        Failure(
            .promptTooLong, "the request has \(prompt) tokens, and the context of this model has room for \(most)",
            remedy: "Shorten the prompt, or load the model with a larger context.",
            detail: ["n_prompt_tokens": "\(prompt)", "n_ctx": "\(most)"])
    }

    public static func badRequest(_ sentence: String) -> Failure {
        Failure(.badInput, sentence, remedy: "Correct the request and send it again.")
    }

    public static func requestNotSupported(_ sentence: String) -> Failure {
        Failure(.notSupported, sentence, remedy: "Leave it out, or ask a model that can do it.")
    }

    public static func stillLoading() -> Failure {
        Failure(.stillLoading, "Loading model", remedy: "Ask again in a moment.")
    }

    public static func shuttingDown() -> Failure {
        Failure(.shuttingDown, "the engine is shutting down", remedy: "Ask again: it is started when it is needed.")
    }

    public static func wrongKey() -> Failure {
        Failure(.wrongKey, "Invalid API Key", remedy: "Send the key of this engine.")
    }

    public static func unknownRoute(_ path: String) -> Failure {
        Failure(.unknownRoute, "there is nothing at \(path)", remedy: "Correct the address.")
    }

    public static func wrongMethod(_ method: String, _ path: String) -> Failure {
        Failure(.wrongMethod, "\(path) does not answer to \(method)", remedy: "Use the method of this route.")
    }

    public static func requestTooLarge(most bytes: Int) -> Failure {
        Failure(.requestTooLarge, "the request has more than \(bytes) bytes", remedy: "Send less at a time.")
    }

    public static func generationFailed(_ reason: String) -> Failure {
        Failure(.generationFailed, "the engine failed while it was working: \(reason)", remedy: "Send the request again.")
    }
}
