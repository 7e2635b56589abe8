// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Several sources of one thing become several addresses of it, where their digests say that it is one thing.
extension Delivery {
    /// The registry's own word on the weights, laid over what the source says.
    ///
    /// - Parameter source: for people.
    /// - Throws: `Failure.contradicted` where the source offers other bytes.
    public func sealed(by expected: Digest?, source: String) throws -> Delivery {
        guard let expected else { return self }
        let weights = files.indices.filter { files[$0].role == .weights }
        // A digest of several files is none of them.
        guard weights.count == 1, let index = weights.first else { return self }
        if let offered = files[index].digest, offered != expected {
            throw Failure.contradicted(files[index].path.name, source: source, expected: expected, offered: offered)
        }
        var sealed = self
        sealed.files[index].digest = expected
        if files[index].isPlain { sealed.files[index].parts[0].file.digest = expected }
        return sealed
    }

    /// The same files from a further source, behind those that are here.
    ///
    /// Only what is proven by a digest gets a further address. A source that packs its files adds nothing, and contradicts nothing.
    ///
    /// - Throws: `Failure.contradicted` or `Failure.wrongSize` where the other source offers something else.
    public func adding(_ other: Delivery, source: String) throws -> Delivery {
        var merged = self
        for index in files.indices where files[index].isPlain {
            guard let digest = files[index].digest, let match = other.counterpart(of: files[index], isAlone: weightCount == 1) else {
                continue
            }
            let theirs = match.parts[0].file
            if let offered = theirs.digest, offered != digest {
                throw Failure.contradicted(files[index].path.name, source: source, expected: digest, offered: offered)
            }
            if let size = files[index].size, let offered = theirs.size, size != offered {
                throw Failure.wrongSize(files[index].path.name, expected: ByteCount(size), actual: ByteCount(offered))
            }
            let known = Set(merged.files[index].parts[0].file.addresses.map(\.url))
            merged.files[index].parts[0].file.addresses += theirs.addresses.filter { !known.contains($0.url) }
        }
        return merged
    }

    private var weightCount: Int { files.count { $0.role == .weights } }

    /// By digest, else by name, else as the only weights of both.
    private func counterpart(of file: File, isAlone: Bool) -> File? {
        let plain = files.filter(\.isPlain)
        if let same = plain.first(where: { $0.digest != nil && $0.digest == file.digest }) { return same }
        if let named = plain.first(where: { $0.path == file.path }) { return named }
        guard isAlone, file.role == .weights, weightCount == 1 else { return nil }
        return plain.first { $0.role == .weights }
    }
}

extension Delivery.File {
    /// Served as it is, not inside of something else.
    public var isPlain: Bool { parts.count == 1 && parts[0].packing == .plain }
}
