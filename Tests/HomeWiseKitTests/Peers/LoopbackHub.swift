// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Crypto
import Foundation
import HomeWiseTesting

/// A hub on loopback, as close to the real one as the official client needs: listings, trees, small files served by itself,
/// large ones by a storage that it redirects to, and a gate.
struct LoopbackHub: Sendable {
    typealias Reply = LoopbackServer.Reply

    static let commit = String(repeating: "c0ffee00", count: 5)
    static let token = "hf_hush"

    let server: LoopbackServer
    let storage: LoopbackServer

    private struct File: Sendable {
        var path: String
        var bytes: [UInt8]
        var isLarge: Bool
        var sha256: String { hex(SHA256.hash(data: bytes)) }
        var blob: String {
            var hash = Insecure.SHA1()
            hash.update(data: Data("blob \(bytes.count)\u{0}".utf8))
            hash.update(data: bytes)
            return hex(hash.finalize())
        }
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String { bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }

    /// - Parameters:
    ///   - files: of `org/tiny`, and of `org/gated`, which wants a token.
    static func start(_ files: [String: [UInt8]]) async throws -> LoopbackHub {
        let all = files.map { File(path: $0.key, bytes: $0.value, isLarge: $0.value.count > 1000) }.sorted { $0.path < $1.path }
        let storage = try await LoopbackServer.start { request in
            guard let file = all.first(where: { request.path.hasPrefix("/\($0.sha256)") }) else { return Reply(404) }
            return request.method == "HEAD" ? head(file.bytes.count) : .file(file.bytes, for: request)
        }
        let server = try await LoopbackServer.start { answer($0, all, storage.url) }
        return LoopbackHub(server: server, storage: storage)
    }

    func stop() async throws {
        try await server.stop()
        try await storage.stop()
    }

    private static func head(_ length: Int, _ headers: [(String, String)] = []) -> Reply {
        Reply(200, headers: headers + [("Content-Length", "\(length)")], chunks: [])
    }

    private static func refusal(_ status: Int, _ code: String) -> Reply {
        Reply(status, headers: [("X-Error-Code", code), ("X-Error-Message", code)])
    }

    private static func answer(_ request: LoopbackServer.Request, _ files: [File], _ storage: String) -> Reply {
        let path = request.path.split(separator: "?")[0].removingPercentEncoding ?? ""
        // As on the hub: what a gated repository has is told to everybody, and handed out to few.
        if path.hasPrefix("/org/gated"), request.header("Authorization") != "Bearer \(token)" { return refusal(403, "GatedRepo") }
        let parts = path.split(separator: "/").map(String.init)
        if parts.count >= 4, parts[0] == "api", parts[1] == "models" {
            guard ["org/tiny", "org/gated"].contains("\(parts[2])/\(parts[3])") else { return refusal(404, "RepoNotFound") }
            if parts.count == 6, !["main", commit].contains(parts[5]) { return refusal(404, "RevisionNotFound") }
            return parts.count > 4 && parts[4] == "tree" ? tree(files) : listing(files, "\(parts[2])/\(parts[3])")
        }
        guard parts.count >= 5, parts[2] == "resolve", let file = files.first(where: { $0.path == parts[4...].joined(separator: "/") })
        else {
            return refusal(404, "EntryNotFound")
        }
        let about = [("X-Repo-Commit", commit), ("ETag", "\"\(file.isLarge ? file.sha256 : file.blob)\"")]
        if file.isLarge {
            let linked = [
                ("X-Linked-Etag", "\"\(file.sha256)\""), ("X-Linked-Size", "\(file.bytes.count)"),
                ("Location", "\(storage)/\(file.sha256)?signature=x"),
            ]
            return request.method == "HEAD"
                ? Reply(302, headers: about + linked + [("Content-Length", "0")], chunks: []) : Reply(302, headers: about + linked)
        }
        if request.method == "HEAD" { return head(file.bytes.count, about) }
        var reply = Reply.file(file.bytes, for: request)
        reply.headers = reply.headers.filter { $0.0 != "ETag" } + about
        return reply
    }

    private static func listing(_ files: [File], _ name: String) -> Reply {
        let entries = files.map { file in
            let lfs = file.isLarge ? #","lfs":{"sha256":"\#(file.sha256)","size":\#(file.bytes.count),"pointerSize":134}"# : ""
            return #"{"rfilename":"\#(file.path)","size":\#(file.bytes.count),"blobId":"\#(file.blob)"\#(lfs)}"#
        }
        return .json(
            #"{"id":"\#(name)","modelId":"\#(name)","sha":"\#(commit)","private":false,"gated":\#(name == "org/gated" ? #""manual""# : "false"),"disabled":false,"downloads":0,"likes":0,"tags":["license:apache-2.0"],"siblings":[\#(entries.joined(separator: ","))]}"#
        )
    }

    private static func tree(_ files: [File]) -> Reply {
        let entries = files.map { file in
            let lfs = file.isLarge ? #","lfs":{"oid":"\#(file.sha256)","size":\#(file.bytes.count),"pointerSize":134}"# : ""
            return #"{"type":"file","path":"\#(file.path)","size":\#(file.bytes.count),"oid":"\#(file.blob)"\#(lfs)}"#
        }
        return .json("[\(entries.joined(separator: ","))]")
    }
}
