// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Testing

@Suite struct OCIManifestTests {
    static let digest = "sha256:\(String(repeating: "ab", count: 32))"

    static func layer(
        _ type: String = "application/vnd.ollama.image.model", digest: String = digest, size: String = "10", title: String? = nil
    ) -> String {
        let annotations = title.map { #","annotations":{"org.opencontainers.image.title":"\#($0)"}"# } ?? ""
        return #"{"mediaType":"\#(type)","digest":"\#(digest)","size":\#(size)\#(annotations)}"#
    }

    static func manifest(_ layers: [String], type: String = "application/vnd.oci.image.manifest.v1+json", extra: String = "") -> String {
        #"{"schemaVersion":2,"mediaType":"\#(type)","config":\#(layer("application/vnd.oci.image.config.v1+json"))\#(extra),"layers":[\#(layers.joined(separator: ","))]}"#
    }

    static func read(_ text: String, contentType: String? = nil) throws -> OCIManifest {
        try OCIManifest(Array(text.utf8), contentType: contentType, host: "registry")
    }

    private static func image(_ layers: [String]) throws -> OCIManifest.Image {
        guard case .image(let image) = try read(manifest(layers)) else { throw Failure.badInput("no image", remedy: "") }
        return image
    }

    @Test func readsImagesAndIndexes() throws {
        let image = try Self.image([Self.layer()])
        #expect(image.layers.count == 1 && image.layers[0].size == 10 && image.layers[0].digest.description == Self.digest)
        let text =
            #"{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"\#(Self.digest)","size":3,"platform":{"os":"linux","architecture":"amd64"}}]}"#
        guard case .index(let entries) = try Self.read(text, contentType: "application/vnd.oci.image.index.v1+json") else {
            Issue.record("no index"); return
        }
        #expect(entries[0].platform == "linux/amd64")
    }

    @Test(
        "E5 a manifest that could be read in two ways is refused",
        arguments: [
            manifest([layer()], extra: #","manifests":[]"#),
            manifest([layer()], extra: #","manifests":[\#(layer("application/vnd.oci.image.manifest.v1+json"))]"#), #"{"schemaVersion":2}"#,
            #"{"schemaVersion":1,"layers":[]}"#,
            manifest([layer()], type: "application/vnd.oci.image.index.v1+json"), manifest([layer()], type: "text/html"),
            manifest([layer()], extra: #","layers":[]"#), "[]", "null", "", "{", "\u{feff}{}",
        ])
    func ambiguous(_ text: String) {
        let failure = #expect(throws: Failure.self) { try Self.read(text) }
        #expect(failure?.code == .badReply)
    }

    @Test("E5 a content type that contradicts the body is refused") func contentTypes() throws {
        let text = Self.manifest([Self.layer()])
        for type in ["application/vnd.oci.image.index.v1+json", "text/html", "application/vnd.docker.distribution.manifest.v1+prettyjws"] {
            #expect(throws: Failure.self) { try Self.read(text, contentType: type) }
        }
        for type in [nil, "application/json", "application/vnd.oci.image.manifest.v1+json; charset=utf-8", "text/plain; charset=utf-8"] {
            _ = try Self.read(text, contentType: type)
        }
    }

    @Test(
        "E5 DL-09 sizes that cannot be, alone or together",
        arguments: ["-1", "9223372036854775807", "9223372036854775808", "1.5", "\"10\"", "null", "1125899906842625"])
    func sizes(_ size: String) {
        let failure = #expect(throws: Failure.self) { try Self.read(Self.manifest([Self.layer(size: size)])) }
        #expect(failure?.code == .badReply)
    }

    @Test("E5 a sum of layers is checked") func sums() {
        #expect(throws: Failure.self) { try Self.read(Self.manifest([Self.layer(size: "1125899906842624"), Self.layer(size: "1")])) }
    }

    @Test(
        "A2 A4 only a digest becomes part of an address",
        arguments: [
            "sha256:../../../../etc/cron.d/p", "sha256:\(String(repeating: "a", count: 63))", "sha256:\(String(repeating: "a", count: 65))",
            "sha256:\(String(repeating: "A", count: 64))",
            "sha256-\(String(repeating: "a", count: 64))%2f", "sha512:\(String(repeating: "a", count: 128))", "", "a", "sha256:",
            "sha256:\\u0000\(String(repeating: "a", count: 63))",
            "sha256:\(String(repeating: "１", count: 64))", String(repeating: "a", count: 64),
        ])
    func digests(_ digest: String) {
        let failure = #expect(throws: Failure.self) { try Self.read(Self.manifest([Self.layer(digest: digest)])) }
        #expect(failure?.code == .badInput)
    }

    @Test(
        "A11 nothing is taken for granted",
        arguments: [
            #"{"schemaVersion":2,"layers":[\#(layer())]}"#, #"{"schemaVersion":2,"config":null,"layers":[\#(layer())]}"#, manifest([]),
            manifest(["null"]), manifest(["{}"]),
            manifest([#"{"mediaType":null,"digest":"\#(digest)","size":1}"#]), manifest([#"{"mediaType":"x","digest":null,"size":1}"#]),
            manifest([#"{"mediaType":"x","digest":"\#(digest)"}"#]),
            #"{"schemaVersion":2,"config":{},"layers":{}}"#, #"{"schemaVersion":2,"manifests":[]}"#,
            #"{"schemaVersion":2,"manifests":null}"#, #"{"schemaVersion":2,"config":[],"layers":null}"#,
        ])
    func missing(_ text: String) {
        let start = ContinuousClock.now
        #expect(throws: Failure.self) { try Self.read(text) }
        #expect(start.duration(to: .now) < .milliseconds(100))
    }

    @Test("A7 A11 E5 size and number of layers are limited") func limits() {
        let many = Self.manifest(Array(repeating: Self.layer(), count: 10_001))
        #expect(throws: Failure.self) { try Self.read(many) }
        #expect(throws: Failure.self) {
            try Self.read(Self.manifest([Self.layer()], extra: ",\"x\":\"\(String(repeating: "a", count: 5 << 20))\""))
        }
        #expect(throws: Failure.self) { try Self.read(String(repeating: "[", count: 100_000)) }
    }

    @Test func ollamasLayersAreFilesOfAModel() throws {
        let image = try Self.image(
            ["license", "model", "projector", "template", "params", "system", "license", "unheardof"].map {
                Self.layer("application/vnd.ollama.image.\($0)")
            } + [Self.layer("application/vnd.ollama.image.system", size: "0")])
        let files = try OCIArtifact(image, name: "smollm:135m", host: "registry").files
        #expect(
            files.map(\.path.value) == ["model.gguf", "LICENSE", "mmproj.gguf", "template.txt", "params.json", "system.txt", "LICENSE-2"])
        #expect(files.map(\.role) == [.weights, .support, .projector, .support, .support, .support, .support])
    }

    @Test func dockersAndModelPacksLayers() throws {
        let docker = try OCIArtifact(
            Self.image(
                ["gguf.v3", "gguf.v3", "mmproj", "license", "chat.template.jinja"].map { Self.layer("application/vnd.docker.ai.\($0)") }),
            name: "ai/x", host: "r")
        #expect(
            docker.files.map(\.path.value) == [
                "model-00001-of-00002.gguf", "model-00002-of-00002.gguf", "mmproj.gguf", "LICENSE", "chat_template.jinja",
            ])
        let layer =
            #"{"mediaType":"application/vnd.cncf.model.weight.v1.raw","digest":"\#(Self.digest)","size":9,"annotations":{"org.cncf.model.filepath":"sub/m.safetensors"}}"#
        #expect(try OCIArtifact(Self.image([layer]), name: "x", host: "r").files.map(\.path.value) == ["sub/m.safetensors"])
    }

    @Test func orasNamesFilesByTitle() throws {
        let type = "application/vnd.oci.image.layer.v1.tar"
        let files = try OCIArtifact(
            Self.image([Self.layer(type, title: "config.json"), Self.layer(type, title: "m-Q4_0.gguf"), Self.layer(type)]), name: "x",
            host: "r"
        ).files
        #expect(files.map(\.path.value) == ["m-Q4_0.gguf", "config.json"])
    }

    @Test(
        "A2 D4 a title that leads outside is refused",
        arguments: ["../x.gguf", "/etc/passwd", "a/../../b.gguf", "a\\\\b.gguf", "", "a\\u0000.gguf", "./x.gguf"])
    func titles(_ title: String) throws {
        let image = try Self.image([Self.layer("application/octet-stream", title: title)])
        #expect(throws: Failure.self) { try OCIArtifact(image, name: "x", host: "r") }
    }

    @Test func whatCannotBeUsedSaysWhy() throws {
        for type in [
            "application/vnd.ollama.image.tensor", "application/vnd.docker.ai.vllm.config.tar",
            "application/vnd.cncf.model.weight.v1.tar+gzip",
        ] {
            let failure = #expect(throws: Failure.self) {
                try OCIArtifact(Self.image([Self.layer(), Self.layer(type, title: "x")]), name: "x", host: "r")
            }
            #expect(failure?.message.contains("does not unpack") == true)
        }
        #expect(throws: Failure.self) {
            try OCIArtifact(Self.image([Self.layer("application/vnd.ollama.image.license")]), name: "cloud", host: "r")
        }
        #expect(throws: Failure.self) {
            try OCIArtifact(Self.image([Self.layer("x", title: "a.gguf"), Self.layer("x", title: "A.gguf")]), name: "x", host: "r")
        }
    }
}

@Suite struct AuthChallengeTests {
    @Test func readsWhatRegistriesSend() {
        let docker = AuthChallenge.all(
            in: #"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:ai/smollm2:pull""#)
        #expect(
            docker.count == 1 && docker[0].scheme == "bearer" && docker[0].parameters["realm"] == "https://auth.docker.io/token"
                && docker[0].parameters["scope"] == "repository:ai/smollm2:pull")
        let two = AuthChallenge.all(in: #"Basic realm="a, b=\"c\"", Bearer realm=https://x/t , Service = "s""#)
        #expect(
            two.map(\.scheme) == ["basic", "bearer"] && two[0].parameters["realm"] == #"a, b="c""#
                && two[1].parameters["realm"] == "https://x/t")
        for text in [
            "", "=", "\"", ",,,", #"Bearer realm="unclosed"#, #"Bearer realm="a", realm="b""#, String(repeating: "a", count: 9000),
        ] {
            #expect(AuthChallenge.all(in: text).allSatisfy { $0.parameters["realm"] == nil }, "\(text.prefix(30))")
        }
    }

    @Test(
        "A12 a realm is the registry's own place, or one that is known for it",
        arguments: [
            ("https://ghcr.io/token", "ghcr.io", true), ("https://GHCR.io/token?x=1", "ghcr.io", true),
            ("https://auth.docker.io/token", "registry-1.docker.io", true),
            ("https://ghcr.io:443/token", "ghcr.io", true), ("https://r.example:5000/t", "r.example:5000", true),
            ("https://auth.docker.io/token", "ghcr.io", false), ("https://evil.example/token", "ghcr.io", false),
            ("http://ghcr.io/token", "ghcr.io", false), ("https://ghcr.io:8443/token", "ghcr.io", false),
            ("https://ghcr.io@evil.example/token", "ghcr.io", false), ("https://user:pw@ghcr.io/token", "ghcr.io", false),
            ("https://ghcr.io.evil.example/", "ghcr.io", false), ("https://evil.example/ghcr.io", "ghcr.io", false),
            ("https://evil.example\\@ghcr.io/", "ghcr.io", false), ("https://ghcr.io%2f.evil.example/", "ghcr.io", false),
            ("https://1.2.3.4/token", "ghcr.io", false), ("https://[::1]/token", "ghcr.io", false), ("//ghcr.io/token", "ghcr.io", false),
            ("/token", "ghcr.io", false), ("", "ghcr.io", false), ("javascript:x", "ghcr.io", false),
            ("https://ghcr.io/t#x", "ghcr.io", false), ("https://ghcr.io /t", "ghcr.io", false),
            ("https://gһcr.io/token", "ghcr.io", false), ("https://ghcr.io./token", "ghcr.io", false), ("https:///token", "ghcr.io", false),
        ])
    func realms(_ realm: String, _ registry: String, _ isAllowed: Bool) {
        #expect(RealmPolicy(registry: registry, isPlain: false).allows(realm) == isAllowed)
    }

    @Test("A12 a registry on this machine may keep to plain http, with itself alone") func plain() {
        let policy = RealmPolicy(registry: "127.0.0.1:5000", isPlain: true)
        #expect(
            policy.allows("http://127.0.0.1:5000/token") && !policy.allows("http://127.0.0.1:5001/token")
                && !policy.allows("http://evil.example/token"))
        #expect(!policy.allows("https://127.0.0.1:5000/token"))
    }

    @Test("A12 a scope for something else is refused") func scopes() {
        #expect(
            RealmPolicy.isHarmless(scope: nil, for: "a/b") && RealmPolicy.isHarmless(scope: "repository:a/b:pull", for: "a/b")
                && RealmPolicy.isHarmless(scope: "repository:a/b:pull,push", for: "a/b"))
        for scope in ["repository:a/c:pull", "registry:catalog:*", "repository:a/b:push", "repository:a/b:pull repository:c:pull", ""] {
            #expect(!RealmPolicy.isHarmless(scope: scope, for: "a/b"))
        }
    }
}
