// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Testing

@Suite struct UpdateDecisionTests {
    private static func digest(_ digit: Character) throws -> Digest { try Digest(sha256: String(repeating: digit, count: 64)) }

    private func version(
        _ digit: Character?, revision: String? = "r1", owner: String? = "org", license: String? = "mit", kind: String = "hub",
        size: Int64 = 5
    ) throws -> ModelVersion {
        ModelVersion(
            kind: kind, revision: revision, owner: owner, license: license,
            files: [.init(path: "m.gguf", digest: try digit.map(Self.digest), size: size)])
    }

    private func changes(_ decision: UpdateDecision) -> [UpdateDecision.Change]? {
        if case .held(let holds) = decision.verdict { holds.map(\.change) } else { nil }
    }

    @Test func theSameBytesAreUpToDateAndOthersAreNewer() throws {
        let here = try version("a")
        #expect(try UpdateDecision(here: here, upstream: version("a", revision: "r2")).verdict == .upToDate)
        #expect(try UpdateDecision(here: here, upstream: version("b", revision: "r2")).verdict == .newer(["m.gguf"]))
        var renamed = try version("a")
        renamed.files[0].path = "other.gguf"
        #expect(UpdateDecision(here: here, upstream: renamed).verdict == .upToDate, "what it is called there changes nothing")
        var more = try version("a")
        more.files.append(.init(path: "config.json", role: .support, size: 2))
        #expect(UpdateDecision(here: here, upstream: more).verdict == .newer(["config.json"]))
        #expect(UpdateDecision(here: more, upstream: here).verdict == .newer(["config.json"]))
    }

    @Test func whatNothingTellsIsUnpinned() throws {
        let here = try version("a", revision: nil, owner: nil)
        #expect(try UpdateDecision(here: here, upstream: version(nil, revision: nil)).verdict == .unpinned)
        #expect(try UpdateDecision(here: here, upstream: version(nil, revision: nil, size: 6)).verdict == .newer(["m.gguf"]))
        #expect(try UpdateDecision(here: version("a"), upstream: version(nil, revision: "r1")).verdict == .upToDate)
        #expect(try UpdateDecision(here: version("a"), upstream: version(nil, revision: "r2")).verdict == .newer(["m.gguf"]))
    }

    @Test func smallFilesAreToldByGitsName() throws {
        var (here, there) = try (version("a"), version("a", revision: "r2"))
        here.files.append(.init(path: "config.json", role: .support, digest: try Self.digest("c"), gitBlob: "1", size: 2))
        there.files.append(.init(path: "config.json", role: .support, gitBlob: "1", size: 2))
        #expect(UpdateDecision(here: here, upstream: there).verdict == .upToDate)
        there.files[1].gitBlob = "2"
        #expect(UpdateDecision(here: here, upstream: there).verdict == .newer(["config.json"]))
    }

    @Test("C7 a changed owner, licence or history is held for a person, and each is waved through by itself") func held() throws {
        var decision = try UpdateDecision(here: version("a"), upstream: version("b", revision: "r2", owner: "evil", license: "other"))
        decision.isHereKnown = false
        #expect(changes(decision) == [.history, .owner, .license])
        decision.accepted = [.owner, .history]
        #expect(changes(decision) == [.license])
        decision.accepted = Set(UpdateDecision.Change.allCases)
        #expect(decision.verdict == .newer(["m.gguf"]))
        #expect(
            try changes(UpdateDecision(here: version("a"), upstream: version("a", owner: "evil"))) == [.owner], "the bytes are the same")
        #expect(try UpdateDecision(here: version("a"), upstream: version("a", owner: "ORG", license: "MIT")).verdict == .upToDate)
        #expect(
            try UpdateDecision(here: version("a"), upstream: version("a", owner: nil, license: nil)).verdict == .upToDate,
            "not to say it is no change")
        #expect(
            try UpdateDecision(here: version("a"), upstream: version("a", owner: "else", kind: "ModelScope")).verdict == .upToDate,
            "another kind of source has other names")
    }

    @Test("DL-73 a version that was here before is no update") func downgrade() throws {
        var decision = try UpdateDecision(here: version("b"), upstream: version("a", revision: "r0"))
        decision.former = [.init(revision: "r0", weights: [try Self.digest("a")], isLater: false)]
        #expect(changes(decision) == [.downgrade])
        decision.former = [.init(revision: "r0", weights: [try Self.digest("a")], isLater: true)]
        #expect(changes(decision) == [.rollback], "a person went back from it")
        decision.former = [.init(revision: "r0", weights: [try Self.digest("c")], isLater: false)]
        #expect(decision.verdict == .newer(["m.gguf"]))
    }

    @Test("DL-71 what failed once is not tried again unasked, and the next version is") func failedBefore() throws {
        let bad = try version("b", revision: "r2")
        var decision = try UpdateDecision(here: version("a"), upstream: bad)
        decision.failed = (bad.fingerprint, "it does not load")
        #expect(changes(decision) == [.failed])
        decision.upstream = try version("c", revision: "r3")
        #expect(decision.verdict == .newer(["m.gguf"]))
    }

    @Test("B14 a changed text is shown line by line") func difference() {
        #expect(TextDifference(from: "a\nb", to: "a\nb") == nil)
        #expect(TextDifference(from: "a\nb\nc", to: "a\nx\nc\nd")?.lines == ["- b", "+ x", "+ d"])
        #expect(TextDifference(from: "", to: "a")?.lines == ["- ", "+ a"])
        let long = String(repeating: "x\n", count: 6000)
        #expect(TextDifference(from: long, to: "a")?.lines.count == 2)
    }
}
