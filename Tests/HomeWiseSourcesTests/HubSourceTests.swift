// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseSources

/// The hub's API on a real server on loopback, each of its refusals included.
@Suite struct HubSourceTests {
    typealias Reply = LoopbackServer.Reply

    static let commit = String(repeating: "c0ffee00", count: 5)
    static let digest = String(repeating: "cd", count: 32)
    static let blob = String(repeating: "ab", count: 20)

    static func listing(sha: String = commit, id: String = "org/repo", digest: String = digest, size: String = "99", more: String = "")
        -> String
    {
        """
        {"id":"\(id)","sha":"\(sha)","tags":["gguf","license:apache-2.0"],"siblings":[{"rfilename":"README.md","size":12,"blobId":"\(blob)"},
         {"rfilename":"model Q4.gguf","size":99,"blobId":"\(blob)","lfs":{"sha256":"\(digest)","size":\(size),"pointerSize":1}}\(more)]}
        """
    }

    /// Asks a hub that answers everything alike.
    private func ask(
        _ source: String, token: String? = nil, wish: SourceWish = SourceWish(), mirrors: [String] = [],
        script: @escaping LoopbackServer.Script
    ) async throws -> (outcome: Result<Delivery, Failure>, server: LoopbackServer) {
        let server = try await LoopbackServer.start(script)
        var policy = RetryPolicy()
        policy.firstDelay = .milliseconds(5)
        let transport = Transport(policy: policy)
        guard case .hub(let reference) = try SourceReference(parsing: source) else { throw Failure.badInput(source, remedy: "") }
        let endpoints =
            [HubSource.Endpoint(url: server.url, token: token)]
            + mirrors.map { HubSource.Endpoint(url: $0, token: nil, name: "mirror") }
        let outcome: Result<Delivery, Failure>
        do {
            outcome = try await .success(HubSource(transport: transport, endpoints: endpoints, reference: reference).resolve(wish))
        } catch let failure as Failure { outcome = .failure(failure) }
        try await transport.shutdown()
        try await server.stop()
        return (outcome, server)
    }

    private func failure(_ outcome: Result<Delivery, Failure>) -> Failure? {
        if case .failure(let failure) = outcome { failure } else { nil }
    }

    @Test func pinsTheCommitAndTakesTheDigest() async throws {
        let (outcome, server) = try await ask("hf:org/repo/model Q4.gguf", token: "hush") { _ in .json(Self.listing()) }
        let delivery = try outcome.get()
        let file = try #require(delivery.parts.first?.file)
        #expect(file.digest?.hex == Self.digest && file.size == 99 && delivery.revision == Self.commit)
        #expect(delivery.owner == "org" && delivery.license == "apache-2.0")
        #expect(file.url == "\(server.url)/org/repo/resolve/\(Self.commit)/model%20Q4.gguf")
        #expect(server.requests.first?.path == "/api/models/org/repo/revision/main?blobs=true")
        #expect(server.requests.first?.header("Authorization") == "Bearer hush" && file.authorization == "Bearer hush")
    }

    @Test func aRevisionWithSlashesIsOnePartOfTheAddress() async throws {
        let (outcome, server) = try await ask("hf:org/repo/model Q4.gguf@refs/pr/1") { _ in .json(Self.listing()) }
        #expect(try outcome.get().revision == Self.commit)
        #expect(server.requests.first?.path == "/api/models/org/repo/revision/refs%2Fpr%2F1?blobs=true")
    }

    @Test func smallFilesCarryGitsName() async throws {
        let (outcome, _) = try await ask("hf:org/repo/README.md") { _ in .json(Self.listing()) }
        let file = try #require(try outcome.get().parts.first?.file)
        #expect(file.digest == nil && file.gitBlob == Self.blob && file.size == 12)
    }

    @Test func aMissingFileSaysSo() async throws {
        let (outcome, _) = try await ask("hf:org/repo/other.gguf") { _ in .json(Self.listing()) }
        #expect(failure(outcome)?.code == .notAtSource && failure(outcome)?.message.contains("other.gguf") == true)
    }

    @Test(
        "DL-31 each refusal has its own sentence and remedy",
        arguments: [
            (403, "GatedRepo", false, Failure.Code.sourceRefused, "HF_TOKEN"), (403, "GatedRepo", true, .sourceRefused, "Accept its terms"),
            (401, "RepoNotFound", false, .notAtSource, "set HF_TOKEN"), (404, "RepoNotFound", true, .notAtSource, "allowed to see it"),
            (404, "RevisionNotFound", false, .notAtSource, "revision"), (404, "EntryNotFound", false, .notAtSource, "Choose another"),
            (403, "DisabledRepo", false, .sourceRefused, "Choose another model"), (403, "", false, .sourceRefused, "HF_TOKEN"),
            (410, "", false, .notAtSource, "removed"), (451, "", false, .sourceRefused, "where you are"),
            (429, "", false, .sourceRefused, "wait"),
        ])
    func refusals(_ status: Int, _ code: String, _ hasToken: Bool, _ expected: Failure.Code, _ remedy: String) async throws {
        let (outcome, server) = try await ask("hf:org/repo/m.gguf", token: hasToken ? "hush" : nil) { _ in
            Reply(status, headers: code.isEmpty ? [] : [("X-Error-Code", code)])
        }
        let failure = try #require(self.failure(outcome))
        #expect(failure.code == expected && failure.remedy.contains(remedy), "\(failure.message) \(failure.remedy)")
        #expect(server.requests.count == 1, "a refusal is not asked for again")
        #expect(!"\(failure) \(failure.detail)".contains("hush"))
    }

    @Test("DL-34 DL-32 a hub that is broken or busy for a moment is asked again") func moments() async throws {
        let answers = Mutex([Reply(502), Reply(429, headers: [("Retry-After", "0")])])
        let (outcome, server) = try await ask("hf:org/repo/model Q4.gguf") { _ in
            answers.withLock { $0.isEmpty ? .json(Self.listing()) : $0.removeFirst() }
        }
        #expect(try outcome.get().files.count == 1 && server.requests.count == 3)
        // Whichever way it says so.
        let form = DateFormatter()
        (form.locale, form.timeZone) = (Locale(identifier: "en_US_POSIX"), TimeZone(identifier: "GMT"))
        form.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        for header in [("Retry-After", form.string(from: Date(timeIntervalSinceNow: 1))), ("RateLimit", #""api";r=0;t=1"#)] {
            let first = Mutex(true)
            let (dated, asked) = try await ask("hf:org/repo/model Q4.gguf") { _ in
                first.withLock { isFirst in
                    defer { isFirst = false }
                    return isFirst ? Reply(429, headers: [header]) : .json(Self.listing())
                }
            }
            #expect(try dated.get().files.count == 1 && asked.requests.count == 2, "\(header)")
        }
        let (refused, busy) = try await ask("hf:org/repo/m.gguf") { _ in Reply(429, headers: [("Retry-After", "1000000000")]) }
        #expect(failure(refused)?.code == .sourceRefused && busy.requests.count == 1, "nobody waits for hours")
    }

    @Test("DL-31 a gate is tried before anything is fetched", arguments: [(401, false), (403, true)]) func gate(
        _ status: Int, _ hasToken: Bool
    ) async throws {
        let listing = Self.listing().replacingOccurrences(of: #""id":"#, with: #""gated":"auto","id":"#)
        let (outcome, server) = try await ask("hf:org/repo/model Q4.gguf", token: hasToken ? "hush" : nil) { request in
            request.path.hasPrefix("/api/") ? .json(listing) : Reply(status, headers: [("X-Error-Code", "GatedRepo")])
        }
        #expect(failure(outcome)?.detail["reason"] == "GatedRepo" && server.requests.count == 2)
        #expect(failure(outcome)?.remedy.contains(hasToken ? "account that your token" : "set HF_TOKEN") == true)
        let (open, _) = try await ask("hf:org/repo/model Q4.gguf", token: "hush") { request in
            request.path.hasPrefix("/api/") ? .json(listing) : .file([1, 2, 3], for: request)
        }
        #expect(try open.get().files.count == 1)
    }

    @Test func aTokenThatIsNotAcceptedIsNamed() async throws {
        let (outcome, _) = try await ask("hf:org/repo/m.gguf", token: "old") { _ in
            Reply(401, headers: [("X-Error-Message", "Invalid credentials in Authorization header")])
        }
        #expect(failure(outcome)?.remedy.contains("HF_TOKEN") == true && failure(outcome)?.detail["reason"] == "InvalidToken")
    }

    @Test func aRenamedRepositoryIsFollowedAndNamed() async throws {
        let (outcome, server) = try await ask("hf:old/repo/model Q4.gguf", token: "hush") { request in
            request.path.hasPrefix("/api/models/old/")
                ? Reply(307, headers: [("Location", "/api/models/org/repo/revision/main?blobs=true")]) : .json(Self.listing())
        }
        let delivery = try outcome.get()
        #expect(delivery.parts[0].file.url.contains("/org/repo/resolve/") && delivery.owner == "org")
        #expect(delivery.warnings.contains { $0.contains("is called org/repo") })
        #expect(server.requests.allSatisfy { $0.header("Authorization") == "Bearer hush" })
    }

    @Test(
        "A2 A4 what is no commit or no digest never becomes part of an address",
        arguments: ["../../x", "C0FFEE", "", String(repeating: "g", count: 40)])
    func badCommit(_ sha: String) async throws {
        let (outcome, server) = try await ask("hf:org/repo/model Q4.gguf") { _ in .json(Self.listing(sha: sha)) }
        #expect(failure(outcome)?.code == .badReply && server.requests.count == 1)
    }

    @Test("A2 files whose names lead elsewhere are left out, and that is said") func unsafeNames() async throws {
        let more = #",{"rfilename":"../../etc/cron.d/p","size":9},{"rfilename":"/etc/passwd","size":9}"#
        let (outcome, _) = try await ask("hf:org/repo/model Q4.gguf") { _ in .json(Self.listing(more: more)) }
        #expect(try outcome.get().files.count == 1 && outcome.get().warnings.contains { $0.hasPrefix("2 files of org/repo are left out") })
        #expect(try outcome.get().parts[0].file.addresses.map(\.keeper) == [.hub])
        let (plain, _) = try await ask("hf:org/repo/model Q4.gguf") { _ in .json(Self.listing()) }
        #expect(try plain.get().warnings == [])
    }

    @Test(
        "A2 digests that are none are refused",
        arguments: [
            "../../../../etc/cron.d/p", String(repeating: "a", count: 63), String(repeating: "a", count: 65),
            String(repeating: "A", count: 64), "", "sha256:x", "０１",
        ])
    func badDigest(_ digest: String) async throws {
        let (outcome, _) = try await ask("hf:org/repo/model Q4.gguf") { _ in .json(Self.listing(digest: digest)) }
        #expect(failure(outcome)?.code == .badInput)
    }

    @Test(
        "DL-09 sizes that cannot be are refused",
        arguments: ["-1", "9223372036854775807", "9223372036854775808", "1e999", "\"99\"", "null", "1.5"])
    func badSize(_ size: String) async throws {
        let (outcome, _) = try await ask("hf:org/repo/model Q4.gguf") { _ in .json(Self.listing(size: size)) }
        #expect(failure(outcome)?.code == .badReply)
    }

    @Test("A7 a listing that is packed although that was declined, or that never ends, is not read") func bombs() async throws {
        let (packed, _) = try await ask("hf:org/repo/m.gguf") { _ in
            Reply(200, headers: [("Content-Encoding", "gzip")], body: [0x1f, 0x8b])
        }
        #expect(failure(packed)?.code == .badReply && failure(packed)?.message.contains("gzip") == true)
        let block = [UInt8](repeating: 0x20, count: 1 << 20)
        let (endless, _) = try await ask("hf:org/repo/m.gguf") { _ in
            Reply(200, headers: [("Transfer-Encoding", "chunked")], chunks: Array(repeating: block, count: 40))
        }
        #expect(failure(endless)?.code == .badReply)
    }

    @Test func filesInXetAloneGiveAClearAnswer() async throws {
        let more = #",{"rfilename":"big.gguf","size":5000000000,"xetHash":"\#(String(repeating: "e", count: 64))"}"#
        let (outcome, _) = try await ask("hf:org/repo/big.gguf") { _ in .json(Self.listing(more: more)) }
        #expect(failure(outcome)?.message.contains("Xet") == true && failure(outcome)?.remedy.contains("hf download") == true)
    }

    @Test func aMirrorThatTellsNamesAloneIsAskedForItsTreePageByPage() async throws {
        let (outcome, server) = try await ask("hf:org/repo:Q8_0", token: "hush") { request in
            if request.path.hasPrefix("/api/models/org/repo/revision/") {
                return .json(#"{"sha":"\#(Self.commit)","siblings":[{"rfilename":"a-Q8_0.gguf"},{"rfilename":"a-Q4_0.gguf"}]}"#)
            }
            let page = { (name: String) in
                Array(
                    #"[{"type":"directory","path":"x"},{"type":"file","path":"\#(name)","size":130,"oid":"\#(Self.blob)","lfs":{"oid":"\#(Self.digest)","size":77,"pointerSize":130}}]"#
                        .utf8)
            }
            guard request.path.contains("cursor") else {
                return Reply(
                    200, headers: [("Link", "</api/models/org/repo/tree/\(Self.commit)?recursive=true&cursor=2>; rel=\"next\"")],
                    body: page("a-Q4_0.gguf"))
            }
            return Reply(200, body: page("a-Q8_0.gguf"))
        }
        let file = try #require(try outcome.get().parts.first?.file)
        #expect(file.name == "a-Q8_0.gguf" && file.size == 77 && file.digest?.hex == Self.digest && server.requests.count == 3)
    }

    @Test("E1 a next page elsewhere does not get the token") func foreignPage() async throws {
        let other = try await LoopbackServer.start { _ in .json("[]") }
        let (outcome, _) = try await ask("hf:org/repo:Q8_0", token: "hush") { request in
            request.path.contains("/tree/")
                ? Reply(200, headers: [("Link", "<\(other.url)/x>; rel=\"next\"")], body: Array("[]".utf8))
                : .json(#"{"sha":"\#(Self.commit)","siblings":[{"rfilename":"a-Q8_0.gguf"}]}"#)
        }
        #expect(failure(outcome)?.code == .badReply && other.requests.isEmpty)
        try await other.stop()
    }

    @Test("DL-73 E6 the pinned commit wins over what a hub serves by now") func pinned() async throws {
        let other = String(repeating: "0123456789", count: 4)
        let (outcome, _) = try await ask("hf:org/repo/model Q4.gguf@\(Self.commit)") { _ in .json(Self.listing(sha: other)) }
        #expect(failure(outcome)?.code == .digestMismatch && failure(outcome)?.detail["offered"] == other)
    }

    @Test("DL-73 E1 a mirror adds an address, without the token; one that lags behind is left out") func mirrors() async throws {
        let good = try await LoopbackServer.start { _ in .json(Self.listing()) }
        let stale = try await LoopbackServer.start { _ in .json(Self.listing(sha: String(repeating: "1", count: 40))) }
        let lying = try await LoopbackServer.start { _ in .json(Self.listing(digest: String(repeating: "0", count: 64))) }
        let (outcome, hub) = try await ask("hf:org/repo/model Q4.gguf", token: "hush", mirrors: [stale.url, good.url, lying.url]) { _ in
            .json(Self.listing())
        }
        let delivery = try outcome.get()
        let addresses = delivery.parts[0].file.addresses
        #expect(addresses.map(\.url).map { $0.prefix(21) } == [hub.url, good.url].map { $0.prefix(21) })
        #expect(addresses.map(\.authorization) == ["Bearer hush", nil])
        #expect(delivery.warnings.count == 2)
        #expect(
            good.requests.first?.path == "/api/models/org/repo/revision/\(Self.commit)?blobs=true",
            "the mirror is asked for the very commit")
        #expect((good.requests + stale.requests + lying.requests).allSatisfy { $0.header("Authorization") == nil })
        for server in [good, stale, lying] { try await server.stop() }
    }

    @Test func whereTheHubIsAwayAMirrorAnswers() async throws {
        let mirror = try await LoopbackServer.start { _ in .json(Self.listing()) }
        let transport = Transport()
        let reference = try RepositoryReference(repository: "org/repo", part: .folder(quantization: "Q4"), revision: "main")
        let endpoints = [HubSource.Endpoint(url: "http://127.0.0.1:1", token: "hush"), .init(url: mirror.url, token: nil, name: "mirror")]
        let delivery = try await HubSource(transport: transport, endpoints: endpoints, reference: reference).resolve(SourceWish())
        #expect(delivery.parts[0].file.addresses.map(\.source) == ["mirror"])
        try await transport.shutdown()
        try await mirror.stop()
    }
}
