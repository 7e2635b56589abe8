// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import Testing

@Suite struct SignedQueryTests {
    @Test(
        "E2 what is secret in a query is not kept, whatever it is called",
        arguments: [
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=hush%2F20260101&X-Amz-Date=20260101T000000Z&X-Amz-Expires=3600&X-Amz-Signature=hush",
            "X-Goog-Signature=hush&X-Goog-Expires=900", "Expires=1&Signature=hush&Key-Pair-Id=K1", "Policy=hush&Signature=hush",
            "AWSAccessKeyId=hush&Signature=hush&Expires=1", "OSSAccessKeyId=hush&Expires=1&Signature=hush",
            "sv=2024-01-01&sr=b&se=2026-01-01&sp=r&sig=hush", "q-sign-algorithm=sha1&q-ak=hush&q-signature=hush", "token=hush",
            "access_token=hush", "X-AMZ-SIGNATURE=hush", "x%2Damz-signature=hush", "api%5Fkey=hush", "apikey=hush", "authkey=hush",
            "password=hush", "jwt=eyJhbGciOiJIUzI1NiJ9.hush", "t=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.hush", "u=3f9a0c71b2d84e5fhush",
            "3f9a0c71b2d84e5fhush", "verify=1712-hush", "key=hush", "sign=hush",
        ])
    func secrets(_ query: String) {
        let address = "https://files.example/m/model-Q4_0.gguf"
        #expect(SignedQuery.removed(from: "\(address)?\(query)") == address)
        #expect(
            SignedQuery.removed(from: "\(address)?download=true&\(query)&Revision=v1#sha256=ab")
                == "\(address)?download=true&Revision=v1#sha256=ab")
    }

    @Test(
        "what is no secret stays as it was written",
        arguments: [
            "", "?", "?download=true", "?Revision=c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00&FilePath=a%2Fmodel-Q4_K_M.gguf",
            "?file=model-00001-of-00002.gguf&x", "?format=gguf;v=3", "?q=Llama-3.2-8B-Instruct-Q4_K_M", "#sha256=abc", "?a=1&&b=%zz",
        ])
    func harmless(_ rest: String) {
        let address = "https://files.example/m/model-Q4_0.gguf\(rest)"
        #expect(SignedQuery.removed(from: address) == address)
    }

    @Test("a fragment that tells no checksum is not kept") func fragment() {
        #expect(SignedQuery.removed(from: "https://h/m.gguf#access_token=hush") == "https://h/m.gguf")
        #expect(SignedQuery.removed(from: "https://h/m.gguf?sig=hush#sha256=ab") == "https://h/m.gguf#sha256=ab")
    }

    @Test("E2 a source keeps and shows its address without the secret, and asks with it") func source() throws {
        let source = try SourceReference(parsing: "https://h/m-Q4_0.gguf?X-Amz-Signature=hush#sha256=ab")
        guard case .web(let address) = source else {
            Issue.record("not a web source")
            return
        }
        #expect(address.contains("hush"))
        #expect("\(source)" == "https://h/m-Q4_0.gguf#sha256=ab" && source.family == "\(source)")
        #expect(try !String(decoding: JSONEncoder().encode(source), as: UTF8.self).contains("hush"))
    }

    @Test("the remedy for a no is of the one who said it") func remedies() {
        let remedy = { (keeper: Gatekeeper) in Failure.refused(host: "h", status: 403, what: "f", by: keeper).remedy }
        #expect(remedy(.hub).contains("HF_TOKEN") && remedy(.modelScope).contains("MODELSCOPE_API_TOKEN"))
        #expect(remedy(.registry("ghcr.io")).contains("docker login ghcr.io") && remedy(.packageIndex).contains("pip"))
        for keeper in [Gatekeeper.web, .ollama, .registry("r"), .packageIndex, .modelScope] {
            #expect(!remedy(keeper).contains("HF_TOKEN"), "\(keeper)")
        }
        #expect(remedy(.web).contains("fresh address"))
    }
}
