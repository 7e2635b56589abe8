// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseStore

@Suite(.temporaryFolder) struct ScanTests {
    let keeper = Keeper()

    // MARK: Ollama

    @Test func ollamaModelsAreFoundWithTheirDigests() throws {
        let digest = try keeper.ollama("library/tiny/3b")
        try keeper.ollama("someone/fine/latest", quantization: "Q8_0", mark: "two")
        let report = try keeper.scan()
        #expect(report.problems.isEmpty)
        #expect(report.models.map(\.key) == ["tiny:3b-q4_k_m", "someone-fine:q8_0"])
        let model = try #require(report.models.first)
        #expect(model.origin == .ollama && model.title == "tiny:3b" && model.source == "ollama:tiny:3b")
        #expect(model.files.map(\.path.value) == ["model.gguf", "LICENSE"] && model.files.map(\.role) == [.weights, .support])
        #expect(model.files[0].digest == digest && model.files[0].size == Int64(Keeper.gguf().count))
        #expect(model.files[0].place.hasSuffix("/blobs/sha256-\(digest.hex)") && model.files[0].inode != 0)
    }

    @Test(
        "A2 a digest that is none names no file",
        arguments: [
            "sha256:../../../../etc/cron.d/p", "sha256:" + String(repeating: "a", count: 63), "sha256:" + String(repeating: "a", count: 65),
            "sha256:" + String(repeating: "A", count: 64), "sha256-..%2f..%2fetc", "sha512:" + String(repeating: "a", count: 64), "",
            "sha256:" + String(repeating: "\u{FF11}", count: 64), "sha256:\\u0000", "a",
        ])
    func badDigests(_ text: String) throws {
        try keeper.ollama("library/good/latest", mark: "good")
        let digest = try keeper.ollama("library/bad/latest") { $0 }
        try keeper.ollama("library/bad/latest") { $0.replacing("\(digest)", with: text) }
        let report = try keeper.scan()
        // One bad item never blocks others (I9).
        #expect(report.models.map(\.name.value) == ["good"])
        #expect(report.problems.count == 1 && report.problems[0].place.hasSuffix("library/bad/latest"))
    }

    @Test(
        "A11 a manifest without what it needs is a problem, at once",
        arguments: [
            "", "{", "null", "[]", "{\"schemaVersion\":2}", "{\"schemaVersion\":2,\"layers\":[]}",
            "{\"schemaVersion\":2,\"config\":null,\"layers\":null}",
            "{\"schemaVersion\":2,\"layers\":[null],\"config\":{\"mediaType\":\"a\",\"digest\":\"\",\"size\":1}}", "LAYERS",
        ])
    func badManifests(_ text: String) throws {
        let layer = #"{"mediaType":"a","digest":"sha256:\#(String(repeating: "a", count: 64))","size":1}"#
        let million = "{\"schemaVersion\":2,\"config\":\(layer),\"layers\":[" + String(repeating: layer + ",", count: 30_000) + layer + "]}"
        try keeper.ollama("library/good/latest")
        try keeper.write(".ollama/models/manifests/registry.ollama.ai/library/bad/latest", text == "LAYERS" ? million : text)
        let clock = ContinuousClock()
        var report = ScanReport()
        let time = try clock.measure { report = try keeper.scan() }
        #expect(report.models.map(\.name.value) == ["good"] && report.problems.count == 1)
        #expect(time < .seconds(2))
    }

    @Test func ollamaBlobsThatAreMissingCutOrUnfinishedAreProblems() throws {
        let missing = try keeper.ollama("library/missing/latest", mark: "a")
        try FileManager.default.removeItem(atPath: "\(keeper.home)/.ollama/models/blobs/sha256-\(missing.hex)")
        let cut = try keeper.ollama("library/cut/latest", mark: "b")
        try keeper.write(".ollama/models/blobs/sha256-\(cut.hex)", "GGUF")
        let linked = try keeper.ollama("library/linked/latest", mark: "c")
        let blob = "\(keeper.home)/.ollama/models/blobs/sha256-\(linked.hex)"
        try FileManager.default.moveItem(atPath: blob, toPath: TemporaryFolder.path + "/elsewhere")
        try FileManager.default.createSymbolicLink(atPath: blob, withDestinationPath: TemporaryFolder.path + "/elsewhere")
        let unfinished = ".ollama/models/blobs/sha256-\(String(repeating: "d", count: 64))-partial"
        for name in [unfinished, unfinished + "-0", unfinished + "-1"] { try keeper.write(name, "x") }
        let report = try keeper.scan()
        #expect(report.models.isEmpty && report.problems.count == 4)
        #expect(report.problems.contains { $0.message.contains("missing") } && report.problems.contains { $0.message.contains("bytes") })
        #expect(report.problems.contains { $0.message.contains("link") } && report.problems.contains { $0.message.contains("unfinished") })
    }

    @Test func theVariableLeadsToAnotherPlace() throws {
        try keeper.ollama("library/tiny/q8_0", root: "elsewhere", quantization: "Q8_0")
        let report = try keeper.scan(["OLLAMA_MODELS": keeper.home + "/elsewhere"])
        #expect(report.models.map(\.key) == ["tiny:q8_0"])
        #expect(try keeper.scan().models.isEmpty)
    }

    // MARK: Hugging Face

    private let commit = String(repeating: "c", count: 40)

    /// A file as the hub's tools cache it: a blob by its digest or git's name, and a link to it.
    private func cached(_ file: String, _ bytes: [UInt8], in repository: String = "models--org--Tiny-GGUF", isLarge: Bool = true) throws {
        let root = ".cache/huggingface/hub/\(repository)"
        let blob =
            isLarge ? FileHash.digest(ofBytes: bytes).hex : String(repeating: "a", count: 38) + String(format: "%02x", bytes.count % 256)
        try keeper.write("\(root)/blobs/\(blob)", bytes)
        let up = String(repeating: "../", count: 2 + file.split(separator: "/").count - 1)
        try keeper.link("\(root)/snapshots/\(commit)/\(file)", to: "\(up)blobs/\(blob)")
        try keeper.write("\(root)/refs/main", commit)
    }

    @Test func theHubsCacheIsRead() throws {
        try cached("Tiny-Q4_K_M.gguf", Keeper.gguf("4"))
        try cached("Tiny-Q8_0-00001-of-00002.gguf", Keeper.gguf("8"))
        try cached("Tiny-Q8_0-00002-of-00002.gguf", Keeper.gguf("9"))
        try cached("mmproj-Tiny-F16.gguf", Keeper.gguf("m"))
        let folder = "models--org--Folder"
        try cached("model.safetensors", Keeper.safetensors, in: folder)
        for name in ["config.json", "tokenizer.json", "README.md", "1_Pooling/config.json"] {
            try cached(name, Array("{\"\(name)\":1}".utf8), in: folder, isLarge: false)
        }
        let report = try keeper.scan()
        #expect(report.problems.isEmpty, "\(report.problems)")
        #expect(report.models.map(\.key) == ["folder:safetensors", "tiny:q4_k_m", "tiny:q8_0"])
        let (whole, small, large) = (report.models[0], report.models[1], report.models[2])
        #expect(small.source == "hf:org/Tiny-GGUF/Tiny-Q4_K_M.gguf@\(commit)" && small.owner == "org" && small.revision == commit)
        #expect(small.files.map(\.role) == [.weights, .projector] && small.files[0].digest == FileHash.digest(ofBytes: Keeper.gguf("4")))
        #expect(
            large.files.map(\.path.value) == ["Tiny-Q8_0-00001-of-00002.gguf", "Tiny-Q8_0-00002-of-00002.gguf", "mmproj-Tiny-F16.gguf"])
        #expect(whole.format == .pytorch)
        #expect(whole.files.map(\.path.value) == ["model.safetensors", "1_Pooling/config.json", "config.json", "tokenizer.json"])
        // Small files are kept under git's name, which tells no SHA-256.
        #expect(whole.files.map { $0.digest != nil } == [true, false, false, false])
        #expect(small.files[0].place.contains("/snapshots/") && small.files[0].target.contains("/blobs/"))
    }

    @Test func blobsThatSeveralRepositoriesShareAreRead() throws {
        // Newer versions keep one store for all repositories; the blob of each is a link to it.
        let bytes = Keeper.gguf("shared")
        let store = ".cache/huggingface/hub/blobs/ab/\(String(repeating: "ab", count: 32))"
        try keeper.write(store, bytes)
        let root = ".cache/huggingface/hub/models--org--Shared"
        try keeper.link("\(root)/blobs/\(FileHash.digest(ofBytes: bytes).hex)", to: "../../blobs/ab/\(String(repeating: "ab", count: 32))")
        try keeper.link("\(root)/snapshots/\(commit)/x-Q4_0.gguf", to: "../../blobs/\(FileHash.digest(ofBytes: bytes).hex)")
        let report = try keeper.scan()
        #expect(report.models.map(\.key) == ["x:q4_0"] && report.models[0].files[0].target.hasSuffix(store))
        // That name is no SHA-256 of the content, so nothing is claimed.
        #expect(report.models[0].files[0].digest == nil)
    }

    @Test func linksOutOfTheCacheAreNotFollowed() throws {
        let secret = TemporaryFolder.path + "/secret.gguf"
        try Data(Keeper.gguf()).write(to: URL(filePath: secret))
        let root = ".cache/huggingface/hub/models--org--Bad/snapshots/\(commit)"
        try keeper.link("\(root)/a-Q4_0.gguf", to: secret)
        try keeper.link("\(root)/b-Q4_0.gguf", to: "../../../../../../../secret.gguf")
        try keeper.link("\(root)/c-Q4_0.gguf", to: "c-Q4_0.gguf")
        try keeper.link("\(root)/d-Q4_0.gguf", to: "../../blobs/gone")
        try keeper.link("\(root)/folder", to: "/etc")
        try cached("Good-Q4_0.gguf", Keeper.gguf("good"))
        let report = try keeper.scan()
        #expect(report.models.map(\.key) == ["good:q4_0"])
        #expect(report.problems.count == 5 && report.problems.allSatisfy { $0.message.contains("link") })
    }

    @Test func unfinishedDownloadsOfTheHubAreProblems() throws {
        try keeper.write(".cache/huggingface/hub/models--org--Half/blobs/\(String(repeating: "e", count: 64)).1234abcd.incomplete", "GGUF")
        try cached("Only-00001-of-00003.gguf", Keeper.gguf())
        let report = try keeper.scan()
        #expect(report.models.isEmpty && report.problems.count == 2)
        #expect(
            report.problems.contains { $0.message.contains("org/Half") } && report.problems.contains { $0.message.contains("1 of its 3") })
    }

    // MARK: LM Studio, llama.cpp

    @Test func lmStudioIsRead() throws {
        try keeper.write(".lmstudio/models/maker/Nice-GGUF/Nice-Q4_K_S.gguf", Keeper.gguf("a"))
        try keeper.write(".lmstudio/models/maker/Nice-GGUF/mmproj-model-f16.gguf", Keeper.gguf("b"))
        try keeper.write(".lmstudio/models/maker/Nice-GGUF/downloading_Nice-Q8_0.gguf.part", Keeper.gguf("c"))
        try keeper.write("elsewhere/other/Web-GGUF/web.gguf", "<html>Log in</html>")
        try keeper.write(".lmstudio/settings.json", "{\"downloadsFolder\":\"\(keeper.home)/elsewhere\"}")
        let report = try keeper.scan()
        #expect(report.models.map(\.key) == ["nice:q4_k_s"] && report.models[0].files.map(\.role) == [.weights, .projector])
        #expect(report.models[0].source == "hf:maker/Nice-GGUF/Nice-Q4_K_S.gguf" && report.models[0].owner == "maker")
        #expect(report.problems.count == 2 && report.problems.contains { $0.message.contains("web page") })
    }

    @Test func llamaCppsCacheIsRead() throws {
        let weights = Keeper.gguf("a")
        try keeper.write(".cache/llama.cpp/org_Tiny-GGUF_Tiny-Q4_K_M.gguf", weights)
        try keeper.write(".cache/llama.cpp/org_Tiny-GGUF_mmproj.gguf", Keeper.gguf("b"))
        try keeper.write(".cache/llama.cpp/plain-Q8_0.gguf", Keeper.gguf("c"))
        try keeper.write(".cache/llama.cpp/late.gguf.downloadInProgress", "GGUF")
        let digest = FileHash.digest(ofBytes: weights).hex
        try keeper.write(
            ".cache/llama.cpp/manifest=org=Tiny-GGUF=Q4_K_M.json",
            """
            {"ggufFile":{"rfilename":"Tiny-Q4_K_M.gguf","size":\(weights.count),"lfs":{"sha256":"\(digest)"}},"mmprojFile":{"rfilename":"mmproj.gguf"}}
            """)
        try keeper.write(".cache/llama.cpp/manifest=org=Gone-GGUF=latest.json", "{\"ggufFile\":{\"rfilename\":\"../../x.gguf\"}}")
        let report = try keeper.scan()
        #expect(report.models.map(\.key) == ["tiny:q4_k_m", "plain:q8_0"])
        #expect(report.models[0].files.map(\.role) == [.weights, .projector] && report.models[0].files[0].digest?.hex == digest)
        #expect(report.models[0].source == "hf:org/Tiny-GGUF/Tiny-Q4_K_M.gguf")
        #expect(report.problems.count == 2 && report.problems.contains { $0.message.contains("unfinished") })
    }

    @Test func aPlaceOfItsOwnHoldsTheHubsLayoutToo() throws {
        try cached("Tiny-Q4_0.gguf", Keeper.gguf())
        let report = try keeper.scan(["LLAMA_CACHE": keeper.home + "/.cache/huggingface/hub"])
        // Found twice, and one model all the same.
        #expect(report.models.map(\.key) == ["tiny:q4_0"] && report.models[0].origin == .huggingFace)
    }

    // MARK: Folders and files

    @Test func aFolderOfAPersonIsLookedThrough() throws {
        try keeper.write("mine/Some-7B-Q5_K_M.gguf", Keeper.gguf("a"))
        try keeper.write("mine/deep/model.gguf", Keeper.gguf("b"))
        try keeper.write("mine/onnx-llm/genai_config.json", "{}")
        try keeper.write("mine/onnx-llm/model.onnx", [0x08, 0x08, 0x12, 0x01, 0x61])
        try keeper.write("mine/onnx-llm/model.onnx.data", [1, 2, 3])
        try keeper.write("mine/lora/adapter_model.safetensors", Keeper.safetensors)
        try keeper.write("mine/notes.txt", "hello")
        try keeper.link("mine/out.gguf", to: "/etc/passwd")
        let report = try ModelScan(environment: [:]).look(at: keeper.home + "/mine")
        #expect(Set(report.models.map(\.key)) == ["some-7b:q5_k_m", "deep:gguf", "onnx-llm:onnx"])
        let onnx = try #require(report.models.first { $0.format == .onnx })
        #expect(onnx.files.map(\.path.value) == ["model.onnx", "model.onnx.data", "genai_config.json"])
        #expect(report.problems.count == 2 && report.problems.contains { $0.message.contains("config.json") })
    }

    @Test func theKeeperShowsInWhatIsInTheFolder() throws {
        try keeper.ollama("library/tiny/latest")
        try cached("Tiny-Q4_0.gguf", Keeper.gguf())
        let scan = ModelScan(environment: [:])
        #expect(try scan.look(at: keeper.home + "/.ollama/models").models.map(\.origin) == [.ollama])
        #expect(try scan.look(at: keeper.home + "/.cache/huggingface/hub").models.map(\.origin) == [.huggingFace])
    }

    @Test func oneFileIsEnough() throws {
        for number in 1...2 { try keeper.write("m/big-Q4_0-0000\(number)-of-00002.gguf", Keeper.gguf("\(number)")) }
        try keeper.write("m/other-Q8_0.gguf", Keeper.gguf("o"))
        try keeper.write("m/page.gguf", "<html>")
        let scan = ModelScan(environment: [:])
        #expect(try scan.look(at: keeper.home + "/m/other-Q8_0.gguf").models.map(\.key) == ["other:q8_0"])
        #expect(try scan.look(at: keeper.home + "/m/big-Q4_0-00002-of-00002.gguf").models.map(\.files.count) == [2])
        #expect(try scan.look(at: keeper.home + "/m/page.gguf").problems.count == 1)
        #expect(throws: Failure.self) { try scan.look(at: keeper.home + "/m/none.gguf") }
        #expect(throws: Failure.self) { try scan.look(at: "/etc/hostname") }
    }

    @Test func aScanEnds() throws {
        for number in 0..<50 { try keeper.write("many/\(number).txt", "x") }
        try keeper.write("deep/" + String(repeating: "d/", count: 20) + "x-Q4_0.gguf", Keeper.gguf())
        var limits = ScanLimits()
        limits.entries = 20
        let report = try ModelScan(environment: [:], limits: limits).look(at: keeper.home + "/many")
        #expect(report.models.isEmpty && report.problems.count == 1)
        let deep = try ModelScan(environment: [:]).look(at: keeper.home + "/deep")
        #expect(deep.models.isEmpty && deep.problems.count == 1)
    }

    @Test func whatWasFoundCanBeTakenIn() throws {
        let digest = try keeper.ollama("library/tiny/latest")
        let found = try #require(try keeper.scan().models.first)
        let store = try ModelStore(home: TemporaryFolder.path + "/store")
        let model = try store.adopt(found, how: .reference, at: Date())
        #expect(model.digest == digest && model.key == "tiny:q4_k_m" && model.source == "ollama:tiny:latest" && model.state == .sound)
        #expect(model.files.map(\.isAdopted) == [true, true])
        // Changed behind our back: it is noticed.
        try keeper.write(".ollama/models/blobs/sha256-\(digest.hex)", "GGUF other")
        #expect(try store.everything().models.first?.state == .changed)
    }

    @Test func aFileThatIsNotWhatItsKeeperSaysIsRefused() throws {
        let digest = try keeper.ollama("library/tiny/latest")
        var bytes = Keeper.gguf()
        bytes[bytes.count - 1] ^= 1
        try keeper.write(".ollama/models/blobs/sha256-\(digest.hex)", bytes)
        let found = try #require(try keeper.scan().models.first)
        let store = try ModelStore(home: TemporaryFolder.path + "/store")
        for how in Adoption.allCases where how != .reflink {
            let failure = #expect(throws: Failure.self) { try store.adopt(found, how: how, at: Date()) }
            #expect(failure?.code == .digestMismatch)
        }
        #expect(try store.models().isEmpty)
        #expect(FileManager.default.fileExists(atPath: found.files[0].place))
    }
}
