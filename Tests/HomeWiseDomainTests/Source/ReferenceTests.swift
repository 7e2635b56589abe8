// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Testing

@Suite struct SourceReferenceFormTests {
    @Test(
        arguments: [
            "hf:org/repo@main", "hf:org/repo:Q4_K_M@main", "hf:org/repo:UD-Q4_K_XL@refs/pr/1", "hf:org/repo/a/b.gguf@v1.0",
            "modelscope:org/repo/a.gguf@master",
            "modelscope:org/repo:q8_0@master", "ollama:smollm:135m", "ollama:user/model:latest", "ollama:127.0.0.1:5000/library/x:tag",
            "oci:ghcr.io/org/model:v1",
            "oci:127.0.0.1:5000/a/b/c:latest", "oci:docker.io/ai/smollm2@sha256:\(String(repeating: "ab", count: 32))",
            "https://e.org/m.gguf#sha256=\(String(repeating: "ab", count: 32))",
        ])
    func readsAndPrintsTheSame(_ text: String) throws { #expect(try SourceReference(parsing: text).description == text) }

    @Test(
        arguments: [
            ("hf:org/repo", "hf:org/repo@main"), ("hf:org/repo:Q4_K_M", "hf:org/repo:Q4_K_M@main"),
            ("hf:org/repo@v1:Q8_0", "hf:org/repo:Q8_0@v1"),
            ("modelscope:org/repo", "modelscope:org/repo@master"), ("ollama:smollm", "ollama:smollm:latest"),
            ("ollama:library/smollm", "ollama:smollm:latest"),
            ("oci:ghcr.io/org/model", "oci:ghcr.io/org/model:latest"), ("ollama:hf.co/org/repo:Q4_K_M", "ollama:hf.co/org/repo:Q4_K_M"),
        ])
    func fillsInWhatIsLeftOut(_ text: String, _ full: String) throws { #expect(try SourceReference(parsing: text).description == full) }

    @Test(
        "A2 A4 nothing that could become another path or address is a reference",
        arguments: [
            "hf:org/repo@../x", "hf:org/repo@a//b", "hf:org/repo@", "hf:org/repo:../x", "hf:org/repo:", "hf:org/repo@main?x=1",
            "hf:org/re%2fpo", "hf:org/repo/a/../b",
            "ollama:", "ollama:a/b/c/d", "ollama:../x", "ollama:x:../y", "ollama:x:", "ollama:evil.example@127.0.0.1/a/b", "ollama:x:a b",
            "oci:ghcr.io", "oci:ghcr.io/",
            "oci:ghcr.io/a:t/../x", "oci:user@host/a:t", "oci:host:99999/a", "oci:host:0/a", "oci:host/a@sha256:abc",
            "oci:host/a@sha512:\(String(repeating: "ab", count: 64))",
            "oci:host/a@sha256:\(String(repeating: "AB", count: 32))", "oci:host/a@sha256-\(String(repeating: "ab", count: 32))",
            "oci:/a:b", "oci:host//a", "oci:host/a..//b",
            "modelscope:org", "https:", "http:x", "https://", "file:relative", "file:/a\u{0}b", "oci:ho\nst/a",
        ])
    func refuses(_ text: String) { #expect(throws: Failure.self) { try SourceReference(parsing: text) } }

    @Test("I5 a password in an address is refused and not repeated") func passwords() throws {
        for text in ["https://ada:hush@example.org/m.gguf", "http://hush@127.0.0.1:80/", "https://ada:hush@example.org?x"] {
            let failure = #expect(throws: Failure.self) { try SourceReference(parsing: text) }
            #expect(failure?.code == .badInput && failure?.description.contains("hush") == false)
        }
        _ = try SourceReference(parsing: "https://example.org/a@b/m.gguf?x=a@b")
    }

    @Test func registriesAnswerWhereTheyAre() throws {
        guard case .oci(let docker) = try SourceReference(parsing: "oci:docker.io/ai/smollm2:135M-Q4_0"),
            case .oci(let local) = try SourceReference(parsing: "oci:127.0.0.1:5000/a:b"),
            case .ollama(let name) = try SourceReference(parsing: "ollama:smollm:135m")
        else { Issue.record("not registries"); return }
        #expect(docker.baseURL == "https://registry-1.docker.io" && local.baseURL == "http://127.0.0.1:5000")
        #expect(try name.reference().description == "registry.ollama.ai/library/smollm:135m")
        for host in ["127.0.0.1.evil.example", "localhost.evil.example", "127.0.0.2.nip.io", "10.0.0.1"] {
            #expect(
                try OCIReference(registry: host, repository: "a", version: .tag("b")).baseURL.hasPrefix("https://"),
                "\(host) is not this machine")
        }
    }
}

@Suite struct ModelSelectorTests {
    @Test(
        arguments: [
            ("hf:org/repo:Q4_K_M", "hf:org/repo:Q4_K_M@main"), ("hf.co/org/repo:Q4_K_M", "hf:org/repo:Q4_K_M@main"),
            ("hf://org/repo", "hf:org/repo@main"),
            ("https://huggingface.co/org/repo", "hf:org/repo@main"), ("https://huggingface.co/org/repo/", "hf:org/repo@main"),
            ("https://www.huggingface.co/org/repo/tree/main", "hf:org/repo@main"),
            ("huggingface.co/org/repo/tree/v2/sub", "hf:org/repo/sub@v2"),
            ("https://huggingface.co/org/repo/blob/main/a/m.gguf", "hf:org/repo/a/m.gguf@main"),
            ("https://huggingface.co/org/repo/resolve/refs%2Fpr%2F1/m.gguf?download=true", "hf:org/repo/m.gguf@refs/pr/1"),
            ("https://modelscope.cn/models/org/repo", "modelscope:org/repo@master"), ("ms://org/repo", "modelscope:org/repo@master"),
            ("https://www.modelscope.cn/models/org/repo/file/view/master/m.gguf", "modelscope:org/repo/m.gguf@master"),
            ("https://ollama.com/library/smollm:135m", "ollama:smollm:135m"), ("https://ollama.com/user/model", "ollama:user/model:latest"),
            ("ollama://smollm", "ollama:smollm:latest"),
            ("ghcr.io/org/model:v1", "oci:ghcr.io/org/model:v1"), ("127.0.0.1:5000/a:b", "oci:127.0.0.1:5000/a:b"),
            ("docker:ai/smollm2", "oci:docker.io/ai/smollm2:latest"),
            ("https://example.org/m.gguf", "https://example.org/m.gguf"), ("HTTPS://example.org/m.gguf", "https://example.org/m.gguf"),
            ("file:/m.gguf", "file:/m.gguf"),
            ("  hf:org/repo ", "hf:org/repo@main"),
        ])
    func sources(_ typed: String, _ expected: String) throws {
        #expect(try ModelSelector(parsing: typed) == .source(SourceReference(parsing: expected)))
    }

    @Test func everythingElse() throws {
        for name in ["smollm2-135m-instruct", "qwen3:8b", "HomeWise-7B", "qwen3-8b:q4_k_m"] {
            #expect(try ModelSelector(parsing: name) == .catalogue(name))
        }
        for path in ["/m/x.gguf", "./x.gguf", "../x", "~/models", "."] { #expect(try ModelSelector(parsing: path) == .path(path)) }
        #expect(try ModelSelector(parsing: "Qwen/Qwen3-8B-GGUF") == .repository("Qwen/Qwen3-8B-GGUF"))
    }

    @Test(arguments: [
        "", "   ", "a\u{0}b", "hf:org", "https://huggingface.co/datasets/org/set", "https://huggingface.co/org", "ollama:../x", "a\nb",
    ])
    func refuses(_ typed: String) { #expect(throws: Failure.self) { try ModelSelector(parsing: typed) } }
}

@Suite struct ChecksumListTests {
    static let one = String(repeating: "ab", count: 32)
    static let two = String(repeating: "cd", count: 32)

    @Test(
        arguments: [
            "\(one)  m.gguf\n\(two)  n.gguf\n", "\(one) *m.gguf\n\(two) *n.gguf", "SHA256 (m.gguf) = \(one)\nSHA256 (n.gguf) = \(two)",
            "\(one.uppercased())  ./m.gguf\r\n\(two)  sub/n.gguf\r\n", "# comment\n\n\(one)\tm.gguf\n\(two)\tn.gguf",
        ])
    func forms(_ text: String) {
        let list = ChecksumList(text)
        #expect(list.digest(of: "m.gguf", isForOne: false)?.hex == Self.one && list.digest(of: "n.gguf", isForOne: true)?.hex == Self.two)
        #expect(list.digest(of: "other", isForOne: true) == nil)
    }

    @Test func aBareChecksumIsForTheFileThatTheListIsNamedAfter() {
        #expect(ChecksumList(Self.one + "\n").digest(of: "m", isForOne: true)?.hex == Self.one)
        #expect(ChecksumList(Self.one).digest(of: "m", isForOne: false) == nil)
        #expect(ChecksumList("\(Self.one)\n\(Self.two)\n").digest(of: "m", isForOne: true) == nil)
    }

    @Test("DL-21 a web page is no list", arguments: ["<html>404</html>", "", "deadbeef  m", "\(one)x  m"]) func none(_ text: String) {
        #expect(ChecksumList(text).digest(of: "m", isForOne: true) == nil)
    }
}

@Suite struct DeliveryMergeTests {
    static func delivery(
        _ url: String, digest: String? = ChecksumListTests.one, size: Int64? = 10, path: String = "m.gguf", source: String = "web"
    ) throws -> Delivery {
        let file = RemoteFile(name: path, url: url, size: size, digest: try digest.map { try Digest(sha256: $0) }, source: source)
        return Delivery(files: [.init(path: try SafePath(untrusted: path), parts: [.init(file)])])
    }

    @Test func whatIsTheSameGetsFurtherAddressesInOrder() throws {
        let merged = try Self.delivery("https://a/m").adding(Self.delivery("https://b/m"), source: "b").adding(
            Self.delivery("https://a/m"), source: "a"
        )
        .adding(Self.delivery("https://c/n", digest: nil, path: "n.gguf"), source: "c")
        #expect(merged.parts[0].file.addresses.map(\.url) == ["https://a/m", "https://b/m", "https://c/n"])
    }

    @Test("DL-73 a source that contradicts is not mixed in") func contradictions() throws {
        let known = try Self.delivery("https://a/m")
        #expect(throws: Failure.self) { try known.adding(Self.delivery("https://b/m", digest: ChecksumListTests.two), source: "b") }
        let failure = #expect(throws: Failure.self) { try known.adding(Self.delivery("https://b/m", size: 11), source: "b") }
        #expect(failure?.code == .sizeMismatch)
        #expect(throws: Failure.self) { try known.sealed(by: Digest(sha256: ChecksumListTests.two), source: "a") }
    }

    @Test func withoutADigestNothingProvesThatTwoAreOne() throws {
        let merged = try Self.delivery("https://a/m", digest: nil).adding(Self.delivery("https://b/m", digest: nil), source: "b")
        #expect(merged.parts[0].file.addresses.count == 1)
        let sealed = try Self.delivery("https://a/m", digest: nil).sealed(by: Digest(sha256: ChecksumListTests.one), source: "a")
        #expect(try sealed.adding(Self.delivery("https://b/m", digest: nil), source: "b").parts[0].file.addresses.count == 2)
    }
}

@Suite struct AdHocModelTests {
    private func model(_ source: String, _ delivery: Delivery, taken: Set<String> = []) throws -> AdHocModel {
        try AdHocModel(SourceReference(parsing: source), delivery, taken: taken)
    }

    @Test func aRepositoryBecomesAnEntryPinnedToWhatWasFound() throws {
        var delivery = try DeliveryMergeTests.delivery("https://hub/m", size: 5_000_000_000, path: "Qwen3-8B-Q4_K_M.gguf")
        delivery.revision = String(repeating: "c0ffee00", count: 5)
        delivery.license = "apache-2.0"
        let adHoc = try model("hf:Qwen/Qwen3-8B-GGUF:q4-k-m", delivery)
        #expect(
            adHoc.info.id == "qwen3-8b-gguf" && adHoc.quantization == "Q4_K_M" && adHoc.info.type == .gguf && adHoc.info.tier == .minimal)
        #expect(adHoc.info.parameters == "8B" && adHoc.info.license == "apache-2.0" && adHoc.info.size.bytes == 5_000_000_000)
        let variant = try #require(adHoc.info.variants?.first)
        #expect(
            variant.sources.map(\.description) == ["hf:Qwen/Qwen3-8B-GGUF:q4-k-m@\(delivery.revision ?? "")"]
                && variant.sha256?.hex == ChecksumListTests.one)
        let registry = ModelRegistry(models: [adHoc.info])
        #expect(try registry.model(named: "Qwen3-8B-GGUF:q4_k_m").quantization == "q4_k_m")
        #expect(try registry.model(named: "hf:Qwen/Qwen3-8B-GGUF:q4-k-m@main").model.id == adHoc.info.id)
    }

    @Test func namesThatMeanSomethingElseAreLeftAlone() throws {
        let delivery = try DeliveryMergeTests.delivery("https://hub/m", path: "m-Q8_0.gguf")
        #expect(try model("hf:org/repo", delivery, taken: ["repo"]).info.id == "org-repo")
        #expect(try model("hf:org/repo", delivery, taken: ["repo", "org-repo"]).info.id == "org-repo-2")
        #expect(try model("ollama:smollm:135m", delivery).info.name == "smollm-135m")
        #expect(try model("ollama:smollm", delivery).info.name == "smollm")
        #expect(try model("https://example.org/a%20b/My%20Model.Q8_0.gguf?x=/y", delivery).info.id == "my-20model.q8_0")
        #expect(try model("file:/models/.hidden", delivery).info.id == "hidden")
    }

    @Test("DL-09 sizes that are missing or too much to be true are refused", arguments: [nil, 0, -1, Int64.max]) func sizes(_ size: Int64?)
        throws
    {
        let delivery = try DeliveryMergeTests.delivery("https://hub/m", size: size)
        #expect(throws: Failure.self) { try model("hf:org/repo", delivery) }
    }

    @Test func whatIsInsideOfAPackageIsMeasuredByIt() throws {
        let wheel = RemoteFile(name: "w.whl", url: "https://index/w.whl", size: 1000, digest: nil)
        let path = try SafePath(untrusted: "a/m-Q4_1.gguf")
        let delivery = Delivery(files: [.init(path: path, parts: [.init(wheel, .member(path))])])
        let adHoc = try model("index:pkg==1.0#a/m-Q4_1.gguf", delivery)
        #expect(adHoc.info.size.bytes == 1250 && adHoc.info.id == "pkg" && adHoc.quantization == "Q4_1")
    }

    @Test func twoQuantisationsAreOneModel() throws {
        let four = try model("hf:org/repo:Q4_0", DeliveryMergeTests.delivery("https://hub/a", path: "a-Q4_0.gguf"))
        let eight = try model("hf:org/repo:Q8_0", DeliveryMergeTests.delivery("https://hub/b", path: "a-Q8_0.gguf"))
        let both = eight.adding(variantsOf: four.info)
        #expect(both.info.variants?.map(\.quantization) == ["Q8_0", "Q4_0"] && both.info.aliases?.count == 2)
    }
}
