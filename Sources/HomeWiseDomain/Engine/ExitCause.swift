// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Why a child process ended, in words. Text is matched here and nowhere else: on a foreign program's last words.
public struct ExitCause: Sendable, Equatable {
    /// The names are stable: a failure carries them as its detail `cause`.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        case outOfMemory = "out_of_memory"
        case outOfDeviceMemory = "out_of_device_memory"
        case deviceLost = "device_lost"
        case wrongProcessor = "wrong_processor"
        case missingLibrary = "missing_library"
        case unsupportedModel = "unsupported_model"
        case badModel = "bad_model"
        case addressInUse = "address_in_use"
        /// It said nothing for longer than it may.
        case hung
        case killed, crashed, failed
    }
    public var kind: Kind
    public var sentence: String

    /// - Parameters:
    ///   - code: exit status, where it exited.
    ///   - signal: number of the signal, where one ended it.
    ///   - tail: last lines of its log.
    public init(code: Int32?, signal: Int32?, tail: [String]) {
        let rule = Self.rules.first { rule in tail.contains { line in rule.words.contains { line.containsIgnoringCase($0) } } }
        if let rule {
            self.init(rule.kind, rule.sentence)
        } else if let signal {
            self.init(signal: signal)
        } else {
            self.init(.failed, "it exited with status \(code ?? -1)")
        }
    }

    /// For what is known by other signs than its end.
    public init(_ kind: Kind, _ sentence: String) {
        self.kind = kind
        self.sentence = sentence
    }

    private init(signal: Int32) {
        switch signal {
        case 4: self.init(.wrongProcessor, "it was built for another processor (illegal instruction)")
        case 9: self.init(.killed, "it was killed")
        case 6, 7, 8, 11: self.init(.crashed, "it crashed (signal \(signal))")
        default: self.init(.failed, "it was ended by signal \(signal)")
        }
    }

    /// The first that matches any line decides: the cause stands before “failed to load model”, which follows from all of them.
    /// Words of llama.cpp, ggml and its backends (CUDA, Vulkan, Metal, RPC), of the C++ runtime and of the loader,
    /// and those of our own workers (“missing library:”, “damaged model:”).
    private static let rules: [(kind: Kind, words: [String], sentence: String)] = [
        (
            .outOfDeviceMemory,
            [
                "cudamalloc failed", "cuda error: out of memory", "erroroutofdevicememory", "hipmalloc failed", "failed to allocate cuda",
                "failed to allocate vulkan", "failed to allocate metal", "failed to allocate rpc",
                "kiogpucommandbuffercallbackerroroutofmemory",
            ],
            "there was not enough memory on the graphics card"
        ),
        (
            .outOfMemory,
            [
                "out of memory", "failed to allocate", "unable to allocate", "cannot allocate memory", "insufficient memory",
                "mem_buffer != null",
                "std::bad_alloc",
            ],
            "there was not enough memory"
        ),
        (
            .deviceLost,
            [
                "errordevicelost", "no cuda-capable device", "cuda driver version is insufficient", "failed to initialize cuda",
                "invalid device", "cuda error", "rpc server crashed", "failed to connect to", "vk::createinstance",
                "unspecified launch failure",
            ],
            "the device could not be used"
        ),
        (
            .missingLibrary, ["error while loading shared libraries", "library not loaded", "missing library:"],
            "a library it needs is missing"
        ),
        (.addressInUse, ["address already in use", "couldn't bind"], "its address is in use"),
        (
            .unsupportedModel, ["unknown model architecture", "unsupported model architecture", "unknown pre-tokenizer type"],
            "it does not know this kind of model"
        ),
        (
            .badModel,
            [
                "within the file bounds", "corrupted or incomplete", "invalid magic", "wrong number of tensors", "failed to load model",
                "error loading model", "damaged model:",
            ],
            "it cannot read the model's file"
        ),
    ]
}

extension String {
    fileprivate func containsIgnoringCase(_ words: String) -> Bool { lowercased().contains(words) }
}

extension ExitCause {
    /// What a person can do about it.
    public var remedy: String {
        switch kind {
        case .outOfMemory: "Close other programs, or choose a smaller model or context: homewise recommend"
        case .outOfDeviceMemory: "Close other programs that use the graphics card, or leave it alone: --cpu-only"
        case .deviceLost: "Look at the device: homewise doctor. To do without it: --cpu-only"
        case .wrongProcessor, .missingLibrary: "Install the engine anew: homewise engine install llama.cpp --rebuild"
        case .unsupportedModel:
            "A newer engine may know it: homewise engine install llama.cpp --rebuild. Or choose another model: homewise recommend"
        case .badModel: "Check the file and repair it: homewise verify --repair"
        case .addressInUse, .killed, .crashed, .failed, .hung:
            "Run the same command again; the whole log is in the logs folder: homewise doctor"
        }
    }
}
