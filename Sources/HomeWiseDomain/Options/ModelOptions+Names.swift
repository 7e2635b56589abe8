// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension ModelOptions {
    /// What the options are called where a person or a program sets them.
    public enum Name: String, Sendable, Codable, CaseIterable {
        case context, batch, parallel, threads, repacking, pin, temperature
        case keyType = "key_type"
        case valueType = "value_type"
        case gpuLayers = "gpu_layers"
        case loadMode = "load_mode"
        case flashAttention = "flash_attention"
        case idleUnload = "idle_unload"
        case topP = "top_p"
        case topK = "top_k"
        case systemPrompt = "system_prompt"

        /// - Throws: `Failure.badInput` with the names that there are.
        public init(parsing text: String) throws {
            guard let name = Self(rawValue: text.lowercased().replacing("-", with: "_")) else {
                throw Failure.badInput(
                    "“\(text.prefix(40))” is no option of a model.",
                    remedy: "Options are: \(Self.allCases.map(\.rawValue).sorted().joined(separator: ", ")).")
            }
            self = name
        }

        /// What it may be, for a person.
        public var range: String {
            switch self {
            case .context: "64 to 1048576 tokens"
            case .batch: "32 to 4096 tokens"
            case .parallel: "1 to 64 conversations"
            case .threads: "1 to 1024"
            case .gpuLayers: "0 to 1000 layers"
            case .keyType, .valueType: ContextOptions.CacheType.allCases.map(\.rawValue).joined(separator: ", ")
            case .loadMode: LoadMode.allCases.map(\.rawValue).joined(separator: " or ")
            case .repacking, .flashAttention, .pin: "on or off"
            case .idleUnload: "a time such as 5m, 0 for at once, or never"
            case .temperature: "0 to 5"
            case .topP: "0 to 1"
            case .topK: "0 to 1000"
            case .systemPrompt: "a text of up to 32768 characters"
            }
        }

        func copy(from source: ModelOptions, to target: inout ModelOptions) {
            func take<Value>(_ path: WritableKeyPath<ModelOptions, Value?>) {
                if let value = source[keyPath: path] { target[keyPath: path] = value }
            }
            switch self {
            case .context: take(\.context)
            case .batch: take(\.batch)
            case .parallel: take(\.parallel)
            case .threads: take(\.threads)
            case .keyType: take(\.keyType)
            case .valueType: take(\.valueType)
            case .gpuLayers: take(\.gpuLayers)
            case .loadMode: take(\.loadMode)
            case .repacking: take(\.repacking)
            case .flashAttention: take(\.flashAttention)
            case .idleUnload: take(\.idleUnload)
            case .pin: take(\.pin)
            case .temperature: take(\.temperature)
            case .topP: take(\.topP)
            case .topK: take(\.topK)
            case .systemPrompt: take(\.systemPrompt)
            }
        }
    }

    /// What is said of an option, as it would be typed; `nil` where nothing is.
    public subscript(_ name: Name) -> String? {
        func word(_ isOn: Bool?) -> String? { isOn.map { $0 ? "on" : "off" } }
        return switch name {
        case .context: context.map(String.init)
        case .batch: batch.map(String.init)
        case .parallel: parallel.map(String.init)
        case .threads: threads.map(String.init)
        case .keyType: keyType?.rawValue
        case .valueType: valueType?.rawValue
        case .gpuLayers: gpuLayers.map(String.init)
        case .loadMode: loadMode?.rawValue
        case .repacking: word(repacking)
        case .flashAttention: word(flashAttention)
        case .idleUnload: idleUnload?.text
        case .pin: word(pin)
        case .temperature: temperature.map { "\($0)" }
        case .topP: topP.map { "\($0)" }
        case .topK: topK.map(String.init)
        case .systemPrompt: systemPrompt
        }
    }

    /// - Throws: `Failure.badInput` that names the option and its range.
    public mutating func set(_ name: Name, to text: String) throws {
        func whole(_ range: ClosedRange<Int>) throws -> Int {
            guard let value = Int(text), range.contains(value) else { throw Self.refused(name, text) }
            return value
        }
        func real(_ range: ClosedRange<Double>) throws -> Double {
            guard let value = Double(text), range.contains(value) else { throw Self.refused(name, text) }
            return value
        }
        switch name {
        case .context: context = try whole(64...1_048_576)
        case .batch: batch = try whole(32...4096)
        case .parallel: parallel = try whole(1...64)
        case .threads: threads = try whole(1...1024)
        case .gpuLayers: gpuLayers = try whole(0...1000)
        case .keyType: keyType = try Self.oneOf(name, text)
        case .valueType: valueType = try Self.oneOf(name, text)
        case .loadMode: loadMode = try Self.oneOf(name, text)
        case .repacking: repacking = try Self.isOn(name, text)
        case .flashAttention: flashAttention = try Self.isOn(name, text)
        case .pin: pin = try Self.isOn(name, text)
        case .idleUnload: idleUnload = try KeepAlive(parsing: text)
        case .temperature: temperature = try real(0...5)
        case .topP: topP = try real(0...1)
        case .topK: topK = try whole(0...1000)
        case .systemPrompt:
            guard text.count <= 32_768 else { throw Self.refused(name, text) }
            systemPrompt = text
        }
    }

    /// Says nothing of an option any more.
    public mutating func clear(_ name: Name) {
        var rest = ModelOptions()
        for other in Name.allCases where other != name { other.copy(from: self, to: &rest) }
        self = rest
    }

    private static func oneOf<Value: RawRepresentable<String>>(_ name: Name, _ text: String) throws -> Value {
        guard let value = Value(rawValue: text.lowercased()) else { throw refused(name, text) }
        return value
    }

    private static func isOn(_ name: Name, _ text: String) throws -> Bool {
        switch text.lowercased() {
        case "on", "true", "yes", "1": true
        case "off", "false", "no", "0": false
        default: throw refused(name, text)
        }
    }

    private static func refused(_ name: Name, _ text: String) -> Failure {
        Failure(
            .badInput, "“\(text.prefix(40))” is nothing that \(name.rawValue) could be.", remedy: "It may be \(name.range).",
            detail: ["option": name.rawValue])
    }
}
