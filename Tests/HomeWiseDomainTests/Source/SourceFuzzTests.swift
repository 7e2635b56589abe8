// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Testing

/// Damaged answers of sources and damaged words of people: each is read or refused, and none ends the program.
@Suite struct SourceFuzzTests {
    static let rounds = 20_000

    private func fuzz(_ sound: [String], seed: UInt64, _ body: ([UInt8]) throws -> Void) throws -> (read: Int, refused: Int) {
        var mutator = Mutator(seed: seed)
        var counts = (read: 0, refused: 0)
        for round in 0..<Self.rounds {
            do {
                try body(mutator.mutate(Array(sound[round % sound.count].utf8)))
                counts.read += 1
            } catch is Failure { counts.refused += 1 }
        }
        return counts
    }

    @Test("A11 E5 damaged manifests") func manifests() throws {
        let type = "application/vnd.ollama.image.model"
        let sound = [
            OCIManifestTests.manifest([
                OCIManifestTests.layer(), OCIManifestTests.layer("application/vnd.docker.ai.gguf.v3", title: "a/b.gguf"),
            ]),
            OCIManifestTests.manifest([OCIManifestTests.layer(type, size: "9223372036854775807")]),
            #"{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"\#(OCIManifestTests.digest)","size":3,"platform":{"os":"linux","architecture":"amd64"}}]}"#,
        ]
        let counts = try fuzz(sound, seed: 1) { bytes in
            guard case .image(let image) = try OCIManifest(bytes, contentType: nil, host: "r") else { return }
            let artifact = try OCIArtifact(image, name: "x", host: "r")
            for file in artifact.files { #expect(!file.path.value.contains("..") || !file.path.value.split(separator: "/").contains("..")) }
        }
        #expect(counts.read > 0 && counts.refused > Self.rounds / 4)
    }

    @Test("A12 damaged challenges never lead elsewhere") func challenges() throws {
        let sound = [
            #"Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:a/b:pull""#,
            #"Basic realm="x", Bearer realm=https://ghcr.io/token"#,
        ]
        _ = try fuzz(sound, seed: 2) { bytes in
            for challenge in AuthChallenge.all(in: String(decoding: bytes, as: UTF8.self)) {
                guard let realm = challenge.parameters["realm"], RealmPolicy(registry: "ghcr.io", isPlain: false).allows(realm) else {
                    continue
                }
                #expect(
                    ["https://ghcr.io", "https://ghcr.io:443"].contains {
                        realm.lowercased() == $0 || realm.lowercased().hasPrefix($0 + "/") || realm.lowercased().hasPrefix($0 + "?")
                    }, "\(realm)")
            }
        }
    }

    @Test("A2 damaged references print what reads the same again") func references() throws {
        let sound = [
            "hf:org/repo/a/b.gguf@refs/pr/1", "hf:org/repo:UD-Q4_K_XL@main", "ollama:host.example:5000/library/smollm:135m",
            "oci:ghcr.io/org/model:v1",
            "oci:docker.io/a/b@\(OCIManifestTests.digest)", "https://huggingface.co/org/repo/resolve/main/m.gguf?download=true",
            "index:a==1#x/y+b==2#z", "~/x", "modelscope:a/b",
        ]
        let counts = try fuzz(sound, seed: 3) { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            guard case .source(let reference) = try ModelSelector(parsing: text) else { return }
            let again = try SourceReference(parsing: reference.description)
            // What an address holds in secret is not printed.
            #expect(again == reference || (reference.kind == "web" && "\(again)" == "\(reference)"), "\(reference)")
        }
        #expect(counts.read > Self.rounds / 10 && counts.refused > Self.rounds / 10)
    }

    @Test func damagedListingsAndLists() throws {
        _ = try fuzz(Listings.bartowski + Listings.unsloth + RepositoryPickerTests.phi, seed: 4) { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            _ = QuantizationName(in: text)
            let names = ["config.json", "a-Q4_K_M.gguf", text]
            let picker = RepositoryPicker(place: "x", host: "h", files: try Listings.files(names))
            let selection = try picker.pick(.folder(quantization: nil))
            #expect(!selection.items.isEmpty)
        }
        let line = String(repeating: "ab", count: 32)
        _ = try fuzz(["\(line)  m.gguf\n\(line) *n", "SHA256 (m.gguf) = \(line)"], seed: 5) { bytes in
            _ = ChecksumList(String(decoding: bytes, as: UTF8.self)).digest(of: "m.gguf", isForOne: true)
        }
    }
}
