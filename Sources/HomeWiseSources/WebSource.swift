// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// A plain file on the web. What proves it is a checksum that is given, or that lies beside it.
package struct WebSource: Source {
    private let transport: Transport
    /// Without the fragment.
    private let address: String
    /// As the fragment `#sha256=…` tells it.
    private let given: Digest?

    /// - Throws: `Failure.badInput` for a fragment that is no checksum.
    package init(transport: Transport, address: String) throws {
        self.transport = transport
        let halves = address.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        self.address = String(halves[0])
        let fragment = halves.count == 2 ? halves[1] : ""
        let text = ["sha256=", "sha256:"].first { fragment.hasPrefix($0) }.map { fragment.dropFirst($0.count) }
        given = try text.map { try Digest(sha256: $0.lowercased()) }
    }

    package var host: String { URL(string: address)?.authority ?? address }

    /// Of a file that was cut the address of any part is enough: all of them are asked for.
    package func resolve(_ wish: SourceWish) async throws -> Delivery {
        guard let url = URL(string: address), url.query == nil, let split = SplitName(url.lastPathComponent),
            let slash = address.lastIndex(of: "/")
        else { return try await resolveWhole(wish) }
        let base = String(address[...slash])
        let path = try SafePath(untrusted: split.base)
        var parts: [Delivery.Part] = []
        let tooMany = Failure.badReply(host: host, "\(split.base) has more than \(mostParts) parts")
        if let count = split.count, count > mostParts { throw tooMany }
        let first = try await first(of: split, below: base)
        for number in first... {
            if let count = split.count, number >= first + count { break }
            guard let name = split.name(of: number) else { break }
            do {
                let one = try await WebSource(transport: transport, address: base + Self.escaped(name))
                    .resolveWhole(SourceWish(), calling: name)
                guard parts.count < mostParts else { throw tooMany }
                parts += one.parts
            } catch let failure as Failure where failure.code == .notAtSource && split.count == nil && parts.count > 1 { break }
        }
        let sizes = parts.compactMap(\.file.size)
        let size = sizes.count == parts.count ? sizes.reduce(0, +) : nil
        let known = given ?? wish.digest
        let role: ModelFileRole = path.name.lowercased().contains("mmproj") ? .projector : .weights
        return Delivery(files: [.init(path: path, role: role, parts: parts, digest: known, size: size)])
    }

    /// More parts than any file has, and few enough that no sum of them overflows.
    var mostParts = 4096

    private static func escaped(_ name: String) -> String { name.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? name }

    /// Parts are counted from one or from zero: the zeroth is asked for.
    private func first(of split: SplitName, below base: String) async throws -> Int {
        guard split.number != 0, !split.isFirstZero, let name = split.name(of: 0) else { return 0 }
        let answer = try await transport.get(
            base + Self.escaped(name), headers: [("Range", "bytes=0-0")], within: transport.policy.resolveWithin)
        return [200, 206].contains(answer.status) ? 0 : 1
    }

    /// Asks for one byte, so that the answer tells the size.
    ///
    /// - Parameter own: what it is called, where that is known.
    private func resolveWhole(_ wish: SourceWish, calling own: String? = nil) async throws -> Delivery {
        let answer = try await transport.get(address, headers: [("Range", "bytes=0-0")], within: transport.policy.resolveWithin)
        let size = try size(in: answer)
        if let given, let wanted = wish.digest, given != wanted {
            throw Failure.contradicted(URL(string: address)?.lastPathComponent ?? host, source: host, expected: wanted, offered: given)
        }
        let path = try SafePath(untrusted: own ?? name(of: answer))
        let known = given ?? wish.digest
        let digest = if let known { known } else { try await ChecksumSearch(transport: transport, address: address).digest() }
        var file = RemoteFile(name: path.name, url: address, size: size, digest: digest)
        file.version = answer.header("ETag").flatMap { AnswerCheck.isStrong($0) ? $0 : nil }
        let role: ModelFileRole = path.name.lowercased().contains("mmproj") ? .projector : .weights
        return Delivery(files: [.init(path: path, role: role, parts: [.init(file)])])
    }

    private func size(in answer: Transport.Answer) throws -> Int64 {
        let isBinary = AnswerCheck.isBinary(name: URL(string: address)?.lastPathComponent ?? "")
        let size: Int64?
        switch AnswerCheck(range: 0...0, isBinary: isBinary).verdict(on: answer.head) {
        case .part(let range): size = range.total
        case .whole(let length): size = length
        case .refused(let status): throw answer.refusal(status, what: address, by: .web)
        case .impossible(let doubt): throw Failure.badReply(host: answer.host, doubt.reason).adding("retry", "no")
        // An empty file has not even one byte.
        case .noSuchRange, .changed, .wrongSize: size = nil
        }
        guard let size, RemoteFile.plausibleSizes.contains(size) else { throw Failure.badReply(host: answer.host, "it tells no size") }
        return size
    }

    /// The address's own name where it looks like a model's, else what the server calls it.
    private func name(of answer: Transport.Answer) -> String {
        let own = URL(string: address)?.lastPathComponent ?? ""
        let isModel = [".gguf", ".safetensors", ".onnx", ".bin", ".zip", ".gz", ".xz", ".zst", ".tar"].contains {
            own.lowercased().hasSuffix($0)
        }
        if isModel { return own }
        return answer.header("Content-Disposition").flatMap { ContentDisposition.fileName(in: $0) }
            ?? (own.isEmpty || own == "/" ? host : own)
    }
}

/// `Content-Disposition: attachment; filename="…"` (RFC 6266). What it names is a stranger's text: it goes through `SafePath`.
enum ContentDisposition {
    static func fileName(in header: String) -> String? {
        var plain: String?
        for parameter in header.split(separator: ";").dropFirst() {
            let halves = parameter.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            guard halves.count == 2 else { continue }
            let value = halves[1].trimmingCharacters(in: CharacterSet(charactersIn: "\""))
            switch halves[0].lowercased() {
            // The extended form outranks the plain one.
            case "filename*":
                let parts = value.split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
                if parts.count == 3, parts[0].lowercased() == "utf-8", let text = parts[2].removingPercentEncoding { return text }
            case "filename": plain = value
            default: continue
            }
        }
        return plain
    }
}

/// Looks for a checksum beside a file: `NAME.sha256`, then a list in the same folder.
struct ChecksumSearch {
    let transport: Transport
    let address: String

    /// Bytes; a list of ten thousand files has less.
    private static let largest = 1 << 20

    /// - Returns: `nil` where none is found; that a list cannot be had is no fault of the file.
    /// - Throws: `CancellationError` alone.
    func digest() async throws -> Digest? {
        guard let url = URL(string: address), url.query == nil, !url.lastPathComponent.isEmpty, url.lastPathComponent != "/" else {
            return nil
        }
        let name = url.lastPathComponent
        if let digest = try await list(at: address + ".sha256")?.digest(of: name, isForOne: true) { return digest }
        guard let slash = address.lastIndex(of: "/") else { return nil }
        for listName in ["SHA256SUMS", "SHA256SUMS.txt"] {
            if let digest = try await list(at: address[...slash] + listName)?.digest(of: name, isForOne: false) { return digest }
        }
        return nil
    }

    private func list(at address: String) async throws -> ChecksumList? {
        do {
            let answer = try await transport.get(address, within: transport.policy.resolveWithin)
            guard answer.status == 200 else { return nil }
            return try await ChecksumList(String(decoding: answer.metadata(upTo: Self.largest, transport: transport), as: UTF8.self))
        } catch is Failure { return nil }
    }
}
