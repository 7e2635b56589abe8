// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Testing

@Suite struct AnswerCheckTests {
    typealias Verdict = AnswerCheck.Verdict
    private static let part = AnswerCheck(range: 100...199, size: 1_000, tag: "\"v1\"")
    private static let whole = AnswerCheck(size: 1_000)

    private func verdict(_ headers: [(String, String)]) -> Verdict { verdict(Self.part, 206, headers) }

    private func verdict(_ check: AnswerCheck, _ status: Int, _ headers: [(String, String)]) -> Verdict {
        check.verdict(on: AnswerHead(status: status, headers))
    }

    private func isImpossible(_ verdict: Verdict) -> Bool { if case .impossible = verdict { true } else { false } }
    private let good = ("Content-Range", "bytes 100-199/1000")

    @Test func goodAnswersPass() throws {
        let range = try #require(ContentRange("bytes 100-199/1000"))
        #expect(verdict([good]) == .part(range) && verdict([("content-range", good.1), ("content-length", "100")]) == .part(range))
        #expect(
            verdict([good, ("ETag", "\"v1\""), ("Content-Encoding", "identity"), ("Content-Type", "binary/octet-stream")]) == .part(range))
        #expect(
            verdict(Self.whole, 200, [("Content-Length", "1000")]) == .whole(length: 1_000)
                && verdict(Self.whole, 200, []) == .whole(length: nil))
        #expect(verdict(Self.part, 200, [("Content-Length", "1000")]) == .whole(length: 1_000))
        #expect(
            verdict(Self.whole, 404, []) == .refused(status: 404)
                && verdict(Self.part, 416, [("Content-Range", "bytes */1000")]) == .noSuchRange(total: 1_000))
        #expect(verdict(Self.part, 416, [("Content-Range", "bytes */x")]) == .noSuchRange(total: nil))
    }

    @Test("a source that ends its answer at the end of the file is right") func shortEnd() throws {
        let check = AnswerCheck(range: 900...1_099, size: nil)
        let range = try #require(ContentRange("bytes 900-999/1000"))
        #expect(verdict(check, 206, [("Content-Range", "bytes 900-999/1000")]) == .part(range))
        #expect(isImpossible(verdict(check, 206, [("Content-Range", "bytes 900-998/1000")])))
    }

    @Test(
        "DL-09 a length that is none, or two",
        arguments: [["x"], ["-1"], [""], ["1000", "1000"], ["9223372036854775808"], ["+5"], ["1, 1"]])
    func lengths(_ values: [String]) {
        #expect(isImpossible(verdict(Self.whole, 200, values.map { ("Content-Length", $0) })))
        #expect(isImpossible(verdict([good] + values.map { ("Content-Length", $0) })))
    }

    @Test("DL-08 DL-09 another length than the file has, and no size at all") func sizes() {
        #expect(
            verdict(Self.whole, 200, [("Content-Length", "0")]) == .wrongSize(0)
                && verdict(Self.whole, 200, [("Content-Length", "999")]) == .wrongSize(999))
        #expect(verdict([("Content-Range", "bytes 100-199/1001")]) == .wrongSize(1_001))
        #expect(isImpossible(verdict(AnswerCheck(), 200, [])) && isImpossible(verdict([good, ("Content-Length", "99")])))
    }

    @Test("DL-10 a length beside chunks") func smuggling() {
        #expect(isImpossible(verdict(Self.whole, 200, [("Content-Length", "1000"), ("Transfer-Encoding", "chunked")])))
    }

    @Test(
        "DL-13 another range than was asked for",
        arguments: [
            "bytes 0-99/1000", "bytes 101-199/1000", "bytes 100-200/1000", "bytes 100-150/1000", "bytes 199-100/1000", "bytes 100-199/150",
            "bytes 100-199", "100-199/1000", "bytes -100-199/1000", "bytes 100-199/*x", "octets 100-199/1000", "bytes 100-199/1000/1000",
            "",
        ])
    func ranges(_ range: String) { #expect(isImpossible(verdict([("Content-Range", range)]))) }

    @Test("DL-14 a part without its range, with two, or in several parts") func parts() {
        #expect(isImpossible(verdict([])) && isImpossible(verdict([good, good])))
        #expect(isImpossible(verdict([good, ("Content-Type", "multipart/byteranges; boundary=x")])))
        #expect(isImpossible(verdict(Self.whole, 206, [good])) && isImpossible(verdict(Self.whole, 200, [good])))
    }

    @Test("DL-16 DL-18 another strong tag is another file; a weak one tells nothing") func tags() {
        #expect(verdict([good, ("ETag", "\"v2\"")]) == .changed(tag: "\"v2\""))
        for tag in ["W/\"v2\"", "v2", "\"\"", ""] { #expect(verdict([good, ("ETag", tag)]) != .changed(tag: tag)) }
    }

    @Test("DL-19 A7 an encoding that was declined", arguments: ["gzip", "br", "identity, gzip", "GZIP", "x-gzip"])
    func coding(_ coding: String) { #expect(isImpossible(verdict([good, ("Content-Encoding", coding)]))) }

    @Test(
        "DL-21 DL-22 a page or message in place of the file",
        arguments: ["text/html", "TEXT/HTML; charset=utf-8", "application/json", "application/xml", "text/xml", "application/problem+json"])
    func pages(_ type: String) {
        #expect(isImpossible(verdict(Self.part, 200, [("Content-Type", type)])) && isImpossible(verdict([good, ("Content-Type", type)])))
        var check = Self.whole
        check.isBinary = false
        #expect(verdict(check, 200, [("Content-Type", type)]) == .whole(length: nil))
    }

    @Test("DL-21 DL-22 a page under a false type is told by its first bytes") func disguised() {
        for text in ["<!DOCTYPE html>", "\n  <html>", "\u{feff}<?xml version", "<Error><Code>", "{\"error\":", "{\"message\":"] {
            #expect(AnswerCheck.isPage(beginning: Array(text.utf8)), "\(text)")
        }
        for bytes in [Array("GGUF".utf8), [0x50, 0x4b, 3, 4], [0x80, 2], Array("{\"__metadata__\"".utf8), [], [0xff, 0xfe]] {
            #expect(!AnswerCheck.isPage(beginning: bytes))
        }
        #expect(
            AnswerCheck.isBinary(name: "m.Q4.gguf") && !AnswerCheck.isBinary(name: "config.json") && !AnswerCheck.isBinary(name: "LICENSE"))
    }
}
