// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Testing

@Suite struct ImportNameTests {
    @Test(arguments: [
        ("Llama-3.2-3B-Instruct-Q4_K_M.gguf", "llama-3.2-3b-instruct"), ("model.gguf", "repo"), ("ggml-model-q4_0.gguf", "repo"),
        ("big-Q8_0-00001-of-00005.gguf", "big"), ("Qwen3-30B-UD-Q4_K_XL.gguf", "qwen3-30b"), ("x.i1-IQ2_XXS.gguf", "x"),
        ("gemma-3-270m-it-F16.gguf", "gemma-3-270m-it"), ("..weird name!.gguf", "weird-name"), ("模型.gguf", "model"),
    ])
    func names(_ file: String, _ name: String) {
        #expect(ImportName.gguf(file: file, folder: "Org/Repo-GGUF").value == name)
    }

    @Test(arguments: [("models--org--repo", "org/repo"), ("models--gpt2", "gpt2"), ("models--a--b--c", "a/b--c")])
    func repositories(_ folder: String, _ name: String) { #expect(HubCacheName.repository(folder) == name) }

    @Test(arguments: ["datasets--a--b", "models--", "models--..--x", "models--a--", "x"])
    func others(_ folder: String) { #expect(HubCacheName.repository(folder) == nil) }

    @Test(arguments: [
        (["registry.ollama.ai", "library", "llama3.2", "3b"], "llama3.2:3b", "ollama:llama3.2:3b", "llama3.2"),
        (["registry.ollama.ai", "me", "x", "latest"], "me/x:latest", "ollama:me/x:latest", "me-x"),
        (["hf.co", "org", "Repo-GGUF", "Q4_K_M"], "hf.co/org/Repo-GGUF:Q4_K_M", "hf:org/Repo-GGUF:Q4_K_M", "repo"),
        (["host:5000", "a", "b", "c"], "host:5000/a/b:c", "oci:host:5000/a/b:c", "b"),
    ])
    func ollama(_ parts: [String], _ title: String, _ source: String, _ name: String) throws {
        let place = try #require(OllamaPlace(parts))
        #expect(place.title == title && place.source == source && place.name.value == name)
    }

    @Test func oneNameTwiceGetsTwoTags() throws {
        func model(_ origin: FoundModel.Origin, _ target: String) throws -> FoundModel {
            let path = try SafePath(untrusted: "x")
            return FoundModel(
                name: path, tag: path, format: .gguf, origin: origin, title: "", source: "",
                files: [.init(path: path, role: .weights, place: target, target: target, size: 1, modified: 0, inode: 0)])
        }
        var report = ScanReport()
        report.models = try [model(.ollama, "/a"), model(.lmStudio, "/b"), model(.lmStudio, "/c"), model(.folder, "/a")]
        report.settle()
        #expect(report.models.map(\.key) == ["x:x", "x:x-lm-studio", "x:x-2"])
    }
}
