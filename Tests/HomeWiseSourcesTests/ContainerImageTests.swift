// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseSources

/// Images as `docker save` wrote them before it knew OCI's layout.
@Suite(.temporaryFolder) struct ContainerImageTests {
    /// Layers of a small machine with a model in them. `change` is Python that may change `layers`, `manifest` or `extra` before they are written.
    private func image(_ change: String = "") throws -> Archive {
        try ArchiveMaker.archive(
            """
            import json
            def layer(*pairs, links=()):
                b = io.BytesIO(); t = tarfile.open(fileobj=b, mode='w')
                for n, c in pairs: i = tarfile.TarInfo(n); i.size = len(c); t.addfile(i, io.BytesIO(c))
                for n, to in links: i = tarfile.TarInfo(n); i.type = tarfile.SYMTYPE; i.linkname = to; t.addfile(i)
                t.close(); return b.getvalue()
            layers = [('a/layer.tar', layer(('bin/sh', b'x'), ('models/old.gguf', b'GGUF old'), ('models/kept.gguf', b'GGUF kept'), links=[('bin/bash', 'sh')])),
                ('b/layer.tar', layer(('models/tiny.gguf', b'GGUF tiny'), ('models/.wh.old.gguf', b''), ('models/config.json', b'{}'), ('etc/other.json', b'{}')))]
            manifest = [dict(Config='c.json', RepoTags=['ai/tiny:latest'], Layers=[n for n, _ in layers])]
            extra = header(b'legacy/layer.tar', 0, b'2', b'../a/layer.tar')
            \(change)
            m = json.dumps(manifest).encode()
            out = header(b'manifest.json', len(m)) + data(m) + header(b'c.json', 2) + data(b'{}')
            for n, b in layers: out += header(n.encode(), len(b)) + data(b)
            tar(out + extra + end)
            """, name: "image.tar")
    }

    private var out: String { TemporaryFolder.path + "/out" }

    private func models(_ change: String = "") throws -> Set<String> {
        let image = try #require(try ContainerImage(image(change)))
        return Set(try image.unpackModels(to: out, limit: 1 << 20).keys.map(\.value))
    }

    @Test func modelsAreFoundInTheLayersAndNothingElseIsTaken() throws {
        #expect(try models() == ["models/kept.gguf", "models/tiny.gguf", "models/config.json"])
        #expect(try String(contentsOfFile: out + "/models/tiny.gguf", encoding: .utf8) == "GGUF tiny")
        #expect(
            !FileManager.default.fileExists(atPath: out + "/models/old.gguf") && !FileManager.default.fileExists(atPath: out + ".layer"))
        #expect(try BundleArchive(parts: image().parts, name: "image.tar").look() == nil)
    }

    @Test func aHigherLayerReplacesAFileAndAWholeFolder() throws {
        #expect(
            try models(
                "layers.append(('d/layer.tar', layer(('models/.wh..wh..opq', b''), ('models/new.gguf', b'GGUF new'))))\nmanifest[0]['Layers'].append('d/layer.tar')"
            )
                == ["models/new.gguf"])
    }

    @Test("a list is read once, and an archive that is another one by then is refused") func listedOnce() throws {
        let archive = try image().listed()
        let before = try archive.entries()
        _ = try image("layers = layers[:1]")
        #expect(try archive.entries() == before && ContainerImage(archive)?.layers == ["a/layer.tar", "b/layer.tar"])
        #expect(throws: Failure.self) { try #require(try ContainerImage(archive)).unpackModels(to: out, limit: 1 << 20) }
        #expect(!FileManager.default.fileExists(atPath: out))
    }

    @Test func whatALayerSaysIsGoneIsOfTheLayersBelow() throws {
        #expect(
            try models(
                "layers.append(('d/layer.tar', layer(('models/kept.gguf', b'GGUF newer'), ('models/.wh..wh..opq', b''))))\nmanifest[0]['Layers'].append('d/layer.tar')"
            ) == ["models/kept.gguf"])
        #expect(try String(contentsOfFile: out + "/models/kept.gguf", encoding: .utf8) == "GGUF newer")
    }

    @Test func packedLayersAreReadToo() throws {
        #expect(try models("layers = [(n, gzip.compress(b)) for n, b in layers]").count == 3)
    }

    @Test(
        "A5 D1 an image that lies is refused, and nothing is left",
        arguments: [
            "manifest[0]['Layers'] = ['../a']", "manifest[0]['Layers'] = ['nothing']", "manifest[0]['Layers'] = ['legacy/layer.tar']",
            "manifest.append(manifest[0])", "manifest[0]['Layers'] = [7]", "layers[0] = (layers[0][0], layers[0][1][:700])",
            "manifest[0]['Layers'] = ['a/layer.tar'] * 2000",
        ])
    func lies(_ change: String) throws {
        #expect(throws: Failure.self) { try models(change) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: TemporaryFolder.path) == ["image.tar"])
    }

    @Test("D1 no name in a layer leads out") func names() throws {
        let found = try models(
            "layers.append(('d/layer.tar', layer(('../../evil.gguf', b'GGUF'), ('/abs.gguf', b'GGUF'))))\nmanifest[0]['Layers'].append('d/layer.tar')"
        )
        #expect(found == ["models/kept.gguf", "models/tiny.gguf", "models/config.json"])
        #expect(Set(try FileManager.default.contentsOfDirectory(atPath: TemporaryFolder.path)) == ["image.tar", "out"])
    }

    @Test(arguments: ["manifest = {'Layers': []}", "manifest = []", "manifest = 7"]) func anotherManifestIsNoImage(_ change: String) throws
    {
        #expect(try ContainerImage(image(change)) == nil)
    }
}
