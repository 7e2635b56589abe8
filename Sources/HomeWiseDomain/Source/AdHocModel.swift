// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// An entry made of what a source delivers, for a model that no registry names.
public struct AdHocModel: Sendable, Equatable, Codable {
    public var info: ModelInfo
    /// Of the one variant that is meant.
    public var quantization: String

    /// - Parameters:
    ///   - reference: as it was typed.
    ///   - taken: names that mean something else already.
    /// - Throws: `Failure.noModelFiles` for a delivery without weights.
    public init(_ reference: SourceReference, _ delivery: Delivery, taken: Set<String> = []) throws {
        let weights = delivery.files.filter { $0.role == .weights }
        guard let first = weights.first else { throw Failure.noModelFiles("\(reference)", format: "a form that HomeWise knows") }
        let format = Self.format(of: first.path)
        let name = QuantizationName(in: Self.stem(first.path.name)) ?? QuantizationName(in: reference.title)
        quantization = reference.quantizationTyped ?? name?.description ?? (format == .pytorch ? "safetensors" : format.rawValue)
        let size = try Self.sum(weights.map(Self.size), of: reference)
        let title = Self.free(reference.title, owner: reference.owner, taken: taken)
        let variant = ModelVariant(
            format: format, quantization: quantization, size: ByteCount(size), sha256: weights.count == 1 ? first.digest : nil,
            sources: [try reference.pinned(to: delivery.revision, quantization: format == .gguf ? quantization : nil)])
        info = ModelInfo(name: title, type: format, size: ByteCount(size), tier: Self.tier(size), variants: [variant])
        info.description = "From \(reference)"
        info.license = delivery.license
        info.parameters = Self.parameters(in: reference.title) ?? Self.parameters(in: first.path.name)
        info.aliases = ["\(reference)"]
        let lower = reference.title.lowercased()
        if lower.contains("embed") { info.capabilities = [.embedding] }
        if delivery.files.contains(where: { $0.role == .projector }) { info.capabilities = [.chat, Capability(rawValue: "vision")] }
    }

    /// Two quantisations of one repository are two variants of one model.
    public func adding(variantsOf other: ModelInfo) -> AdHocModel {
        var model = self
        let own = Set((info.variants ?? []).map { $0.quantization.lowercased() })
        model.info.variants? += (other.variants ?? []).filter { !own.contains($0.quantization.lowercased()) }
        let aliases = info.aliases ?? []
        model.info.aliases = aliases + (other.aliases ?? []).filter { !aliases.contains($0) }
        return model
    }

    private static func stem(_ name: String) -> Substring { name.lastIndex(of: ".").map { name[..<$0] } ?? name[...] }

    private static func format(of path: SafePath) -> ModelFormat {
        switch ListedFile(path: path, size: 1).ending {
        case "gguf": .gguf
        case "onnx": .onnx
        default: FileKind.isOnnxData(path.name.lowercased()) ? .onnx : .pytorch
        }
    }

    /// Bytes. Inside of an archive a file is somewhat larger than what holds it.
    private static func size(_ file: Delivery.File) -> Int64? {
        if file.isPlain || file.size != nil { return file.size }
        let packed = file.parts.reduce(Int64(0)) { sum, part in
            let size = part.file.size.flatMap { RemoteFile.plausibleSizes.contains($0) ? $0 : nil } ?? 0
            return min(sum + size, RemoteFile.plausibleSizes.upperBound)
        }
        return packed + packed / 4
    }

    private static func sum(_ sizes: [Int64?], of reference: SourceReference) throws -> Int64 {
        var sum: Int64 = 0
        for size in sizes {
            guard let size, RemoteFile.plausibleSizes.contains(size) else {
                throw Failure.badReply(host: "\(reference)", "it tells no size")
            }
            let (total, overflow) = sum.addingReportingOverflow(size)
            guard !overflow, RemoteFile.plausibleSizes.contains(total) else {
                throw Failure.badReply(host: "\(reference)", "more than a petabyte")
            }
            sum = total
        }
        return sum
    }

    /// Four bits a parameter are assumed: it is a class, no figure.
    private static func tier(_ bytes: Int64) -> ModelTier {
        switch bytes {
        case ..<2_600_000_000: .compact
        case ..<7_000_000_000: .minimal
        case ..<20_000_000_000: .standard
        default: .advanced
        }
    }

    /// `1.7B` of `Qwen3-1.7B-GGUF`.
    private static func parameters(in name: String) -> String? {
        name.split { "-_ ".contains($0) }.first { word in
            guard let unit = word.last, "bBmM".contains(unit), word.count > 1 else { return false }
            return word.dropLast().allSatisfy { $0.isASCII && ($0.isNumber || $0 == ".") } && word.first?.isNumber == true
        }.map { $0.uppercased() }
    }

    /// In characters that commands and folders take, and like no name that means something else.
    private static func free(_ title: String, owner: String?, taken: Set<String>) -> String {
        let clean = { (text: String) -> String in
            let safe = text.map { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) ? $0 : "-" }
            let trimmed = String(safe.drop { "-.".contains($0) }.prefix(100))
            return trimmed.isEmpty ? "model" : trimmed
        }
        let names = [clean(title)] + (owner.map { [clean("\($0)-\(title)")] } ?? [])
        if let free = names.first(where: { !taken.contains($0.lowercased()) }) { return free }
        let last = names[names.count - 1]
        return (2...).lazy.map { "\(last)-\($0)" }.first { !taken.contains($0.lowercased()) } ?? last
    }
}

extension SourceReference {
    /// What a model from here may be called.
    var title: String {
        switch self {
        case .hub(let repository), .modelScope(let repository): repository.name
        case .ollama(let name): name.tag == "latest" ? name.name : "\(name.name)-\(name.tag)"
        case .oci(let reference):
            switch reference.version {
            case .tag(let tag) where tag != "latest": "\(Self.last(reference.repository))-\(tag)"
            default: Self.last(reference.repository)
            }
        case .packageIndex(let members): members.last.map { $0.package } ?? "model"
        case .web(let address): Self.withoutEnding(Self.last(String(address.prefix { $0 != "?" && $0 != "#" })))
        case .file(let path): Self.withoutEnding(Self.last(path))
        }
    }

    var owner: String? {
        switch self {
        case .hub(let repository), .modelScope(let repository): repository.owner
        case .ollama(let name): name.namespace
        case .oci(let reference): reference.repository.contains("/") ? String(reference.repository.prefix { $0 != "/" }) : nil
        case .packageIndex, .web, .file: nil
        }
    }

    fileprivate var quantizationTyped: String? {
        switch self {
        case .hub(let repository), .modelScope(let repository):
            repository.quantization.map { QuantizationName(exactly: $0)?.description ?? $0 }
        default: nil
        }
    }

    /// The same, where it can say so at the version that was found.
    ///
    /// - Parameter quantization: which of the repository's was taken, where it was left open.
    func pinned(to revision: String?, quantization: String?) throws -> SourceReference {
        switch self {
        case .hub(let repository): return .hub(try Self.pinned(repository, revision, quantization))
        case .modelScope(let repository): return .modelScope(try Self.pinned(repository, revision, quantization))
        case .oci(var reference):
            if let revision { reference.version = .digest(try Digest(prefixed: revision)) }
            return .oci(reference)
        default: return self
        }
    }

    private static func pinned(_ repository: RepositoryReference, _ revision: String?, _ quantization: String?) throws
        -> RepositoryReference
    {
        var part = repository.part
        if case .folder(nil) = part, let quantization, PlainName.isOne(quantization) { part = .folder(quantization: quantization) }
        return try RepositoryReference(repository: repository.repository, part: part, revision: revision ?? repository.revision)
    }

    private static func last(_ path: String) -> String { String(path.split(separator: "/").last ?? "model") }
    private static func withoutEnding(_ name: String) -> String {
        let endings = [".gguf", ".safetensors", ".onnx", ".bin", ".zip", ".tar.gz"]
        return endings.first { name.lowercased().hasSuffix($0) }.map { String(name.dropLast($0.count)) } ?? name
    }
}

extension SourceReference {
    /// What all versions and quantisations of one thing share.
    public var family: String {
        switch self {
        case .hub(let repository): "hf:\(repository.repository.lowercased())"
        case .modelScope(let repository): "modelscope:\(repository.repository.lowercased())"
        case .ollama(let name): "ollama:\(name.registry ?? "")/\(name.namespace)/\(name.name):\(name.tag)"
        case .oci(let reference): "oci:\(reference)"
        case .packageIndex, .web, .file: description
        }
    }
}
