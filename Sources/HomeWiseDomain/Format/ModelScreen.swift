// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// The last look at a model's files before it stands under its name: each is read by our strict parser, as its content says, never its
/// name. What is damaged or hostile is refused as a whole.
public struct ModelScreen: Sendable {
    /// One file, ready to be read.
    public struct File: Sendable {
        /// Below the model's folder.
        public var path: SafePath
        public var role: ModelFileRole
        public var source: any ByteSource

        public init(path: SafePath, role: ModelFileRole, source: any ByteSource) {
            self.path = path
            self.role = role
            self.source = source
        }
    }

    /// What the weights are meant to lie in.
    public var format: ModelFormat
    public var files: [File]

    public init(format: ModelFormat, files: [File]) {
        self.format = format
        self.files = files
    }

    /// - Throws: `Failure.malformed` with file and field for the first that is refused; `Failure` for what cannot be read.
    public func check() throws {
        let external = try graphs()
        var tensors: [String: SafetensorsHeader] = [:]
        for file in files where file.role != .support && !external.contains(file.path) {
            try told(of: file) { if let header = try weights(file) { tensors[file.path.value] = header } }
        }
        for file in files where file.role == .support { try told(of: file) { try support(file, tensors) } }
    }

    private func told(of file: File, _ body: () throws -> Void) throws {
        do { try body() } catch let fault as FormatFault { throw Failure.malformed(file: file.path.value, fault) }
    }

    /// - Returns: files that graphs keep weights in: any bytes are right there, once they are long enough.
    private func graphs() throws -> Set<SafePath> {
        var external: Set<SafePath> = []
        for file in files where file.role != .support {
            try told(of: file) {
                guard try container(of: file) == .onnx else { return }
                let model = try ONNXModel(source: file.source)
                let folder = file.path.value.dropLast(file.path.name.count)
                var lengths: [SafePath: Int64] = [:]
                for other in files where other.path.value.hasPrefix(folder) {
                    lengths[try SafePath(untrusted: String(other.path.value.dropFirst(folder.count)))] = other.source.length
                }
                try model.checkExternalData(lengths: lengths)
                for location in model.externalFiles { external.insert(try SafePath(untrusted: folder + location.value)) }
            }
        }
        return external
    }

    /// A graph is told by its name too: its format begins with no sign of its own, and bytes beside it may look like one.
    private func container(of file: File) throws -> FormatDetection.Container {
        let start = try file.source.copyBytes(at: 0, count: min(Int64(FormatDetection.bytesNeeded), file.source.length))
        let found = FormatDetection.container(of: start, length: file.source.length)
        return found == .onnx && format == .onnx && !file.path.name.lowercased().hasSuffix(".onnx") ? .unknown : found
    }

    /// - Returns: the header of a safetensors file, which an index may speak of.
    private func weights(_ file: File) throws -> SafetensorsHeader? {
        let container = try container(of: file)
        try checkMeant(container, file)
        switch container {
        case .gguf: _ = try GGUFHeader(file.source)
        case .safetensors: return try SafetensorsHeader(source: file.source)
        case .onnx: break
        case .zip, .pickle: try checkPickle(PyTorchArchive(source: file.source).verdict)
        case .text: throw FormatFault(.notThisFormat, "file", "it is a text, such as a web page that stands where a model should")
        case .unknown: throw FormatFault(.notThisFormat, "file", "it is no model that HomeWise knows")
        default: throw FormatFault(.notThisFormat, "file", "it is an archive (\(container.rawValue))")
        }
        return nil
    }

    private func checkMeant(_ container: FormatDetection.Container, _ file: File) throws {
        let meant: Set<FormatDetection.Container> =
            switch format {
            case .gguf: [.gguf]
            case .onnx: [.onnx]
            // An address without an ending counts as this one until its content is seen.
            case .pytorch: Set(FormatDetection.Container.allCases)
            }
        guard file.role == .weights, container.weights != nil, !meant.contains(container) else { return }
        throw FormatFault(.notThisFormat, "file", "it is \(container.rawValue), and \(format.rawValue) is meant")
    }

    /// Scanning is a label and no permission; but what is known to run a program, or cannot be told, is not even kept.
    private func checkPickle(_ verdict: PickleVerdict) throws {
        switch verdict {
        case .allowed: return
        case .unsafe(let names):
            throw FormatFault(
                .unsafePickle, "pickle", "it would run \(names.prefix(5).map(UntrustedName.printable).joined(separator: ", "))")
        case .unknown(let reason): throw FormatFault(.unsafePickle, "pickle", "nobody can tell what it would run: \(reason)")
        }
    }

    private static let configurations: Set = [
        "config.json", "generation_config.json", "tokenizer_config.json", "genai_config.json", "adapter_config.json",
    ]

    private func support(_ file: File, _ tensors: [String: SafetensorsHeader]) throws {
        let name = file.path.name
        if Self.configurations.contains(name) {
            var screen = ConfigScreen()
            screen.add(try BoundedJSON(bytes(of: file, atMost: 16 << 20), field: name).root, file: name)
            try screen.check()
        } else if name == "chat_template.jinja" {
            let text = try String(decoding: bytes(of: file, atMost: HuggingFaceConfig.longestTemplate), as: UTF8.self)
            try GGUFScreen.checkTemplate(text, name)
        } else if name == "model.safetensors.index.json" {
            let folder = file.path.value.dropLast(name.count)
            let beside = tensors.filter { $0.key.hasPrefix(folder) && !$0.key.dropFirst(folder.count).contains("/") }
            try SafetensorsIndex(bytes(of: file, atMost: 64 << 20)).check(
                Dictionary(uniqueKeysWithValues: beside.map { (String($0.key.dropFirst(folder.count)), $0.value) }))
        }
    }

    private func bytes(of file: File, atMost limit: Int) throws -> [UInt8] {
        guard file.source.length <= Int64(limit) else {
            throw FormatFault.tooLarge("file", "\(file.source.length) bytes, and \(limit) are the limit")
        }
        return try file.source.copyBytes(at: 0, count: file.source.length)
    }
}

extension FormatFault.Kind {
    /// A pickle that would run a program, or of which nobody can tell.
    public static let unsafePickle = Self(rawValue: "unsafe_pickle")
}
