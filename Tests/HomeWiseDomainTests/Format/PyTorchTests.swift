// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Testing

@Suite struct PickleListingTests {
    private func list(_ pickle: [UInt8]) -> PickleListing { PickleListing(pickle[...]) }

    @Test func aStateDictionaryIsListedWithoutRunningIt() {
        let listing = list(PickleBytes.dictionary())
        #expect(listing.verdict == .allowed)
        #expect(listing.globals == ["collections.OrderedDict", "torch._utils._rebuild_tensor_v2", "torch.FloatStorage"])
        #expect(listing.tensors.map(\.name) == ["layer.weight"])
        #expect(listing.tensors.map(\.shape) == [[2, 3]])
        #expect(listing.tensors.map(\.type) == ["F32"])
        #expect(listing.storages.mapValues(\.byteCount) == ["0": 24])
    }

    @Test func namesOfProtocolFourComeFromTheStackAndTheMemo() {
        let short: (String) -> [UInt8] = { [0x8C, UInt8($0.utf8.count)] + Array($0.utf8) }
        let size =
            short("torch") + [0x94] + short("Size") + [0x93, 0x30, UInt8(ascii: "h"), 0] + short("evil") + [0x93, UInt8(ascii: ".")]
        let listing = list([0x80, 4, 0x95] + little(UInt64(size.count)) + size)
        #expect(listing.globals == ["torch.Size", "torch.evil"])
        #expect(listing.verdict == .unsafe(globals: ["torch.evil"]))
    }

    // MARK: C1

    @Test(
        "C1 a global that is not on the list is unsafe, however it is named",
        arguments: [
            ("os", "system"), ("posix", "system"), ("pip", "main"), ("pip._internal.cli.main", "main"), ("pkgutil", "resolve_name"),
            ("builtins", "eval"),
            ("__builtin__", "exec"), ("functools", "partial"), ("operator", "attrgetter"), ("torch.storage", "_load_from_bytes"),
            ("torch.hub", "load"),
            ("torch.jit", "load"), ("torch.utils._config_module", "load_config"), ("numpy.testing._private.utils", "runstring"),
            ("timeit", "timeit"),
            ("idlelib.run", "Executive"), ("asyncio.unix_events", "_UnixSubprocessTransport._start"), ("collections", "OrderedDict\u{0}"),
            ("torch", "FloatStorage "), ("Torch", "FloatStorage"), ("", ""),
        ])
    func strangers(_ module: String, _ name: String) {
        let call = PickleBytes.text("id") + [0x85] + Array("R".utf8)
        let stack = PickleBytes.text(module) + PickleBytes.text(name) + [0x93]
        for named in [PickleBytes.global(module, name), stack, Array("(i\(module)\n\(name)\n".utf8)] {
            for pickle in [named, named + call, [0x80, 4] + named + call + Array("0N".utf8)] {
                let verdict = list(pickle + [UInt8(ascii: ".")]).verdict
                guard case .unsafe(let globals) = verdict else { return #expect(Bool(false), "\(verdict)") }
                #expect(globals.count == 1)
            }
        }
        let inside = PickleBytes.dictionary(named(module, name) + call)
        #expect(!list(inside).verdict.isAllowed)
    }

    private func named(_ module: String, _ name: String) -> [UInt8] { PickleBytes.global(module, name) }

    @Test("C1 a name with a path in it is never allowed") func paths() {
        for (module, name) in [
            ("torch", "_utils._rebuild_tensor_v2"), ("torch._utils", "_rebuild_tensor_v2.__globals__"), ("", "torch.Size"),
        ] {
            #expect(!list(PickleBytes.global(module, name) + [UInt8(ascii: ".")]).verdict.isAllowed)
        }
    }

    @Test("C1 names that are put together or numbered are never allowed") func hiddenNames() {
        let pickles: [String] = ["NN\u{93}.", "VOrderedDict\nI1\n\u{93}.", "S'a\\x62'\nS'b'\n\u{93}.", "V\\u006fs\nVsystem\n\u{93}."]
        for text in pickles { #expect(!list(text.unicodeScalars.map { UInt8($0.value) }).verdict.isAllowed, "\(text)") }
        for code: [UInt8] in [[0x82, 1], [0x83, 1, 0], [0x84, 1, 0, 0, 0]] { #expect(unknown(code + [0x2E])) }
    }

    @Test("C1 making and changing objects is never allowed") func objects() {
        let size = PickleBytes.global("torch", "Size")
        #expect(unknown(size + [UInt8(ascii: ")"), 0x81, 0x2E]))
        #expect(unknown(size + Array(")}".utf8) + [0x92, 0x2E]))
        #expect(unknown([UInt8(ascii: "(")] + size + Array("o.".utf8)))
        #expect(unknown(size + Array("}b.".utf8)))
        #expect(unknown(size + Array("NNs.".utf8)))
        #expect(unknown(Array("N(NNu.".utf8)))
        #expect(unknown(Array("NNa.".utf8)))
        #expect(unknown(Array("Pfile\n.".utf8)))
        #expect(unknown(Array("NQ.".utf8)))
        #expect(unknown(PickleBytes.global("torch", "FloatStorage") + Array(")R.".utf8)))
        #expect(unknown([0x97, 0x2E]))
        #expect(unknown(Array("}}Ns.".utf8)))
        #expect(unknown(Array("N)R.".utf8)))
    }

    @Test("C1 what is not understood is never allowed") func malformed() {
        let sound = PickleBytes.dictionary()
        for count in 0..<sound.count { #expect(!list(Array(sound.prefix(count))).verdict.isAllowed) }
        #expect(unknown(sound + [0]))
        #expect(unknown(sound + sound))
        #expect(unknown([0x80, 6, UInt8(ascii: "N"), 0x2E]))
        #expect(unknown([0xFF, 0x2E]))
        for text in [
            ".", "NN.", "(N.", "(.", "t.", "0N.", "1N.", "h\u{0}.", "g9\n.", "gx\n.", "2.", "\u{85}.", "(u.", "}(Nu.", "K",
            "X\u{9}\u{0}\u{0}\u{0}a.", "Sx\n.",
        ] {
            #expect(unknown(text.unicodeScalars.map { UInt8($0.value) }), "\(text)")
        }
        #expect(unknown([UInt8(ascii: "T")] + little(Int32(-1)) + [0x2E]))
        #expect(unknown([0x8E] + little(UInt64.max) + [0x2E]))
        #expect(unknown([0x80, 4, 0x95] + little(UInt64(99)) + [UInt8(ascii: "N"), 0x2E]))
        #expect(unknown([0x80, 4, 0x95] + little(UInt64(1)) + PickleBytes.int(1) + [0x2E]))
        #expect(unknown([0x80, 4, 0x95] + little(UInt64(11)) + [0x95] + little(UInt64(2)) + [UInt8(ascii: "N"), 0x2E]))
        for text in ["I\n.", "I1x\n.", "I012\n.", "L-\n.", "Fx\n."] { #expect(unknown(Array(text.utf8))) }
        for text in ["I01\n.", "I-12\n.", "L12345678901234567890L\n.", "F1.5\n."] { #expect(list(Array(text.utf8)).verdict == .allowed) }
    }

    @Test("C1 a payload in front of garbage is listed") func garbage() {
        let verdict = list(PickleBytes.global("os", "system") + PickleBytes.text("id") + [0x85, UInt8(ascii: "R"), 0xFF, 0xFF]).verdict
        #expect(verdict == .unsafe(globals: ["os.system"]))
    }

    @Test("C1 tensors beyond their storage are never allowed") func beyond() {
        #expect(unknown(PickleBytes.dictionary(PickleBytes.tensor(elements: 5))))
        #expect(unknown(PickleBytes.dictionary(PickleBytes.tensor(name: "_rebuild_tensor_v3"))))
        #expect(list(PickleBytes.dictionary(PickleBytes.tensor(elements: 7))).verdict == .allowed)
    }

    @Test func nestingDoesNotReachTheCallStack() {
        let deep = [UInt8(ascii: "N")] + [UInt8](repeating: 0x85, count: 200_000) + [0x2E]
        #expect(list(deep).verdict == .allowed)
        #expect(unknown([UInt8](repeating: UInt8(ascii: "("), count: 1_100_000)))
    }

    private func unknown(_ pickle: [UInt8]) -> Bool {
        if case .unknown = list(pickle).verdict { true } else { false }
    }
}

@Suite struct PyTorchArchiveTests {
    private func label(_ file: [UInt8]) throws -> PickleVerdict { try PyTorchArchive.label(of: BytePrefix(file)) }

    @Test func aCheckpointIsMeasuredByItsDirectory() throws {
        for isLong in [true, false] {
            var zip = PickleBytes.archive()
            zip.isLong = isLong
            let archive = try PyTorchArchive(source: BytePrefix(zip.bytes))
            #expect(archive.verdict == .allowed)
            #expect(archive.layout == .zip)
            #expect(archive.tensorBytes == 24)
            #expect(archive.bytesByType == ["F32": 24])
            #expect(archive.tensors.map(\.name) == ["layer.weight"])
            #expect(archive.facts.parameters == 6)
            #expect(archive.facts.quantization == "F32")
        }
    }

    @Test func anOldCheckpointIsARowOfPickles() throws {
        let archive = try PyTorchArchive(source: BytePrefix(PickleBytes.legacy()))
        #expect(archive.verdict == .allowed)
        #expect(archive.layout == .legacy)
        #expect(archive.tensorBytes == 24)
        #expect(archive.facts.parameters == 6)
    }

    @Test("C1 an archive that readers could disagree on is never allowed", arguments: 0..<14) func disagreement(_ kind: Int) throws {
        var zip = PickleBytes.archive()
        switch kind {
        case 0: zip.entries[0].localName = "model/data.pk_"
        case 1: zip.entries[0].flags |= 1
        case 2: zip.entries[2].flags |= 0x40
        case 3: zip.entries[0].checksum = 0x1234
        case 4: zip.entries[0].method = 8
        case 5: zip.entries.append(.init(name: "model/data.pkl", data: PickleBytes.dictionary()))
        case 6: zip.entries.append(.init(name: "other/data.pkl", data: PickleBytes.dictionary()))
        case 7: zip.entries.append(.init(name: "model/code/evil.py", data: [1]))
        case 8: zip.entries[1].before = [1, 2, 3]
        case 9: zip.entries[0].before = Array("#!/bin/sh\n".utf8)
        case 10: zip.end = [0]
        case 11: zip.entries[2].data.removeLast(4)
        case 12: zip.entries.append(.init(name: "model/data/1", data: [1]))
        default: zip.entries[2].size = 25
        }
        #expect(try !label(zip.bytes).isAllowed)
        #expect(try label(PickleBytes.archive().bytes) == .allowed)
    }

    @Test("C1 entries that share bytes are never allowed") func overlap() throws {
        var zip = PickleBytes.archive()
        zip.entries.append(.init(name: "model/version", data: [], offset: 0))
        #expect(try !label(zip.bytes).isAllowed)
    }

    @Test("C1 unsafe globals are named, whatever the file is called and packed in") func unsafe() throws {
        let evil = PickleBytes.dictionary(
            PickleBytes.global("pkgutil", "resolve_name") + PickleBytes.text("os:system") + [0x85, UInt8(ascii: "R")])
        var bad = PickleBytes.archive(evil)
        bad.entries[0].checksum = 1
        for file in [PickleBytes.archive(evil).bytes, PickleBytes.legacy(evil), evil, bad.bytes] {
            #expect(try label(file) == .unsafe(globals: ["pkgutil.resolve_name"]))
        }
    }

    // MARK: C2

    @Test("C2 what is no checkpoint by its content is never allowed") func otherContent() throws {
        let pickle = PickleBytes.dictionary()
        let tar = [UInt8](repeating: 0x61, count: 257) + Array("ustar\u{0}00".utf8) + [UInt8](repeating: 0, count: 300)
        var nested = PickleBytes.archive()
        nested.entries.append(.init(name: "model/more.zip", data: PickleBytes.archive().bytes))
        let files: [[UInt8]] = [
            [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C] + pickle, [0x1F, 0x8B, 8] + pickle, tar, nested.bytes,
            pickle + PickleBytes.archive().bytes,
            PickleBytes.archive().bytes + pickle, PickleBytes.legacy() + PickleBytes.archive().bytes, pickle, [], [0x80], Array("PK".utf8),
            PickleBytes.legacy() + [0], Array(PickleBytes.legacy().dropLast()), pickle + Array("garbage".utf8), Array("<html>".utf8),
        ]
        for file in files { #expect(try !label(file).isAllowed) }
    }

    @Test("C2 a checkpoint that is cut off is never allowed") func cutOff() throws {
        for file in [PickleBytes.archive().bytes, PickleBytes.legacy()] {
            for count in 0..<file.count { #expect(try !label(Array(file.prefix(count))).isAllowed) }
        }
    }

    @Test func whatIsNotHereYetIsAskedFor() {
        let file = PickleBytes.archive().bytes
        #expect(throws: MoreBytesNeeded.self) {
            try PyTorchArchive.label(of: BytePrefix(Array(file.prefix(64)), length: Int64(file.count)))
        }
    }
}
