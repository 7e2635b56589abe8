// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import HomeWiseTesting
import Synchronization
import Testing

@testable import HomeWiseSources

/// The header of a remote model, from a real server, by range.
@Suite struct RemoteHeaderTests {
    private static func model(_ vocabulary: Int) throws -> [UInt8] {
        var model = SyntheticModel(
            layers: 2, embedding: 256, feedForward: 512, heads: 4, kvHeads: 2, headSize: 64, vocabulary: vocabulary,
            type: try #require(GGMLType.named("Q8_0")))
        model.hasTokens = true
        let (bytes, length) = model.draft().header()
        return bytes + [UInt8](repeating: 0, count: Int(length) - bytes.count)
    }

    private func read(_ server: LoopbackServer, size: Int64? = nil) async throws -> (GGUFHeader, BytePrefix) {
        let transport = Transport()
        let file = RemoteFile(name: "m.gguf", url: "\(server.url)/m.gguf", size: size, digest: nil)
        let outcome: Result<(GGUFHeader, BytePrefix), any Error>
        do {
            let (header, source) = try await RemoteHeader(transport: transport, file: file).read { try GGUFHeader($0) }
            outcome = .success((header, source))
        } catch { outcome = .failure(error) }
        try await transport.shutdown()
        return try outcome.get()
    }

    @Test func onlyTheHeaderIsFetchedHoweverLongItIs() async throws {
        // Ninety thousand words make a header of more than one range.
        let bytes = try Self.model(90_000)
        let server = try await LoopbackServer.start { .file(bytes, for: $0) }
        let (header, source) = try await read(server)
        #expect(header.tensors.count == 21 && source.length == Int64(bytes.count))
        #expect(server.requests.count > 1 && source.bytes.count < bytes.count / 4)
        let whole = try GGUFHeader(BytePrefix(bytes))
        #expect(header == whole)
        try await server.stop()
    }

    @Test func aSmallFileIsReadInOneRange() async throws {
        let bytes = try Self.model(300)
        let server = try await LoopbackServer.start { .file(bytes, for: $0) }
        _ = try await read(server, size: Int64(bytes.count))
        #expect(server.requests.count == 1)
        try await server.stop()
    }

    @Test("A8 a header that lies of its length is refused after its limit, not followed") func lyingHeader() async throws {
        var draft = GGUFDraft()
        draft.metadata = [("general.architecture", .text("llama"))]
        var bytes = draft.header().bytes
        // A thousand million pairs in a file that says that it is as large.
        withUnsafeBytes(of: UInt64(65_000).littleEndian) { bytes.replaceSubrange(16..<24, with: $0) }
        let padded = bytes + [UInt8](repeating: 0x20, count: 3 << 20)
        let server = try await LoopbackServer.start { .file(padded, for: $0) }
        await #expect(throws: FormatFault.self) { try await read(server) }
        #expect(server.requests.count <= 4)
        try await server.stop()
    }

    @Test func aServerWithoutRangesAndOneThatTurnsAwayAreNamed() async throws {
        let bytes = try Self.model(300)
        let whole = try await LoopbackServer.start { _ in LoopbackServer.Reply(body: bytes) }
        await #expect(throws: Failure.self) { try await read(whole) }
        try await whole.stop()
        let gone = try await LoopbackServer.start { _ in LoopbackServer.Reply(404) }
        let failure = await #expect(throws: Failure.self) { try await read(gone) }
        #expect(failure?.code == .notAtSource)
        try await gone.stop()
    }

    @Test("DL-13 a file of another size than announced is not read") func otherSize() async throws {
        let bytes = try Self.model(300)
        let server = try await LoopbackServer.start { .file(bytes, for: $0) }
        await #expect(throws: Failure.self) { try await read(server, size: 99) }
        try await server.stop()
    }
}
