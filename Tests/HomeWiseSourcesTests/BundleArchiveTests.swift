// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseStore
import HomeWiseTesting
import Testing

@testable import HomeWiseSources

/// Bundles from strangers.
@Suite(.temporaryFolder) struct BundleArchiveTests {
    /// A bundle by hand. `content` is Python that may change `files`, `manifest` or `entries` before they are written.
    private func bundle(_ change: String = "", name: String = "bundle.tar") throws -> BundleArchive {
        let archive = try ArchiveMaker.archive(
            """
            import json, hashlib
            def sha(b): return hashlib.sha256(b).hexdigest()
            files = [('tiny.gguf', 'weights', b'GGUF content'), ('sub/LICENSE', 'support', b'MIT')]
            manifest = dict(schema=1, name='tiny', tag='q4_0', format='gguf', source='file:/x',
                files=[dict(path=p, role=r, size=len(b), sha256=sha(b)) for p, r, b in files])
            entries = [(b'model/' + p.encode(), b) for p, r, b in files]
            \(change)
            m = json.dumps(manifest).encode()
            out = header(b'homewise-bundle.json', len(m)) + data(m)
            for n, b in entries: out += (header(n, len(b)) + data(b)) if isinstance(b, bytes) else b[0]
            tar(out + end)
            """, name: name)
        return BundleArchive(parts: archive.parts, name: name)
    }

    private var staging: String { TemporaryFolder.path + "/staging" }

    @Test func aBundleIsLookedAtAndUnpacked() throws {
        let file = try bundle()
        let found = try #require(try file.look())
        #expect(found.key == "tiny:q4_0" && found.files.count == 2 && !FileManager.default.fileExists(atPath: staging))
        try file.unpack(found, to: staging)
        #expect(try String(contentsOfFile: staging + "/model/sub/LICENSE", encoding: .utf8) == "MIT")
    }

    @Test(
        "A5 D1 a bundle that lies is refused, and nothing is written",
        arguments: [
            "entries.append((b'model/more', b'x'))", "entries.pop()", "entries[0] = (entries[0][0], b'short')",
            "entries.append((b'../../escape', b'x'))", "entries.append((b'/etc/escape', b'x'))",
            "entries.append((b'', [header(b'model/link', 0, b'2', b'/etc/passwd')]))",
            "entries.append((b'', [header(b'model/link', 0, b'1', b'model/tiny.gguf')]))",
            "entries.append((b'model/tiny.gguf', b'GGUF content'))", "entries.append((b'model/TINY.gguf', b'GGUF content'))",
            "manifest['files'][0]['path'] = '../x'", "manifest['files'][0]['sha256'] = '../../x'", "manifest['files'][0]['size'] = 1 << 62",
            "manifest['schema'] = 7", "manifest['files'] = []", "manifest = [manifest]", "manifest['x'] = 'y' * (5 << 20)",
        ])
    func lies(_ change: String) throws {
        let file = try bundle(change)
        #expect(throws: Failure.self) { try file.look() }
        #expect(try FileManager.default.contentsOfDirectory(atPath: TemporaryFolder.path) == ["bundle.tar"])
    }

    @Test func damagedContentIsFoundBeforeAnybodySeesIt() throws {
        let file = try bundle("entries[0] = (entries[0][0], b'GGUF cOntent')")
        let found = try #require(try file.look())
        let failure = #expect(throws: Failure.self) { try file.unpack(found, to: staging) }
        #expect(failure?.code == .digestMismatch)
        #expect(try FileManager.default.contentsOfDirectory(atPath: TemporaryFolder.path) == ["bundle.tar"])
    }

    @Test func anotherTarIsNoBundle() throws {
        let archive = try ArchiveMaker.archive("tar(header(b'a', 1) + data(b'x') + end)")
        #expect(try BundleArchive(parts: archive.parts, name: "a").look() == nil)
    }

    /// As container tools lay a model out.
    private func image(_ change: String = "") throws -> BundleArchive {
        let archive = try ArchiveMaker.archive(
            """
            import json, hashlib
            blobs = {}
            def blob(b, kind, **notes):
                h = hashlib.sha256(b).hexdigest(); blobs[h] = b
                d = dict(mediaType=kind, digest='sha256:' + h, size=len(b))
                if notes: d['annotations'] = {k.replace('_', '.'): v for k, v in notes.items()}
                return d
            layers = [blob(b'GGUF weights', 'application/vnd.docker.ai.gguf.v3'), blob(b'Apache', 'application/vnd.docker.ai.license')]
            kind = 'application/vnd.oci.image.manifest.v1+json'
            image = dict(schemaVersion=2, mediaType=kind, config=blob(b'{}', 'application/vnd.docker.ai.model.config.v0.1+json'), layers=layers)
            entry = blob(json.dumps(image).encode(), kind, org_opencontainers_image_ref_name='ai/smollm2:360M-Q4_K_M')
            index = dict(schemaVersion=2, manifests=[entry])
            \(change)
            entries = [('oci-layout', b'{"imageLayoutVersion":"1.0.0"}'), ('index.json', json.dumps(index).encode())]
            entries += [('blobs/sha256/' + h, b) for h, b in blobs.items()]
            tar(b''.join(header(n.encode(), len(b)) + data(b) for n, b in entries) + end)
            """, name: "image.tar")
        return BundleArchive(parts: archive.parts, name: "image.tar")
    }

    @Test func aModelInAnImageIsTaken() throws {
        let file = try image()
        let found = try #require(try file.look())
        #expect(found.key == "smollm2:q4_k_m" && found.format == .gguf && found.files.map(\.role) == [.weights, .support])
        #expect(found.source == "oci:ai/smollm2:360M-Q4_K_M")
        try file.unpack(found, to: staging)
        #expect(try String(contentsOfFile: "\(staging)/\(found.files[0].member)", encoding: .utf8) == "GGUF weights")
    }

    @Test(
        "E5 an image that could mean two things, or lies, is refused",
        arguments: [
            "index['manifests'].append(entry)", "index['manifests'] = []", "index['layers'] = []", "entry['digest'] = 'sha256:' + 'a' * 64",
            "entry['size'] = -1", "entry['mediaType'] = 'application/vnd.oci.image.index.v1+json'", "del blobs[layers[0]['digest'][7:]]",
            "blobs[layers[0]['digest'][7:]] = b'longer than it should be'", "blobs[entry['digest'][7:]] = b'{}'",
        ])
    func badImages(_ change: String) throws {
        let file = try image(change)
        #expect(throws: Failure.self) { try file.look() }
    }

    @Test func aBlobThatIsNotItsDigestIsFound() throws {
        let file = try image("blobs[layers[0]['digest'][7:]] = b'GGUF weightz'")
        let found = try #require(try file.look())
        let failure = #expect(throws: Failure.self) { try file.unpack(found, to: staging) }
        #expect(failure?.code == .digestMismatch && !FileManager.default.fileExists(atPath: staging))
    }
}
