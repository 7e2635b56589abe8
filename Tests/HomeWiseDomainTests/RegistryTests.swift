// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import Testing

@Suite struct RegistryTests {
    /// SPECIFICATION.md, word for word.
    static let original = #"""
        {"models": [
            {"name": "HomeWise-7B", "type": "gguf", "size": "4GB", "tier": "Minimal",
             "requirements": {"min_ram": "8GB", "gpu_optional": true}},
            {"name": "HomeWise-13B", "type": "gguf", "size": "8GB", "tier": "Standard",
             "requirements": {"min_ram": "16GB", "gpu_recommended": true}}
        ]}
        """#

    @Test func theOriginalFormatLoadsAsItStands() throws {
        let registry = try ModelRegistry(json: Data(Self.original.utf8), name: "original")
        #expect(registry.models.map(\.tier) == [.minimal, .standard])
        #expect(registry.models[1].requirements?.minRAM == ByteCount(16_000_000_000))
    }

    @Test func aBadFieldIsNamed() {
        let broken = Self.original.replacingOccurrences(of: "\"16GB\"", with: "true")
        #expect { try ModelRegistry(json: Data(broken.utf8), name: "mine") } throws: { error in
            (error as? Failure)?.message.contains("models.[1].requirements.min_ram") ?? false
        }
    }

    @Test func twoModelsOfOneNameAreRefused() {
        let twice = Self.original.replacingOccurrences(of: "HomeWise-13B", with: "homewise-7b")
        #expect(throws: Failure.self) { try ModelRegistry(json: Data(twice.utf8), name: "mine") }
    }

    @Test(arguments: [("homewise-7b", nil), ("HOMEWISE-7B", nil)] as [(String, String?)])
    func findsByNameInAnyCase(_ name: String, _ quantization: String?) throws {
        let registry = try ModelRegistry(json: Data(Self.original.utf8), name: "original")
        #expect(try registry.model(named: name).model.name == "HomeWise-7B")
    }

    @Test func anUnknownNameGetsTheNearest() throws {
        let registry = try ModelRegistry(json: Data(Self.original.utf8), name: "original")
        #expect { try registry.model(named: "homwise-13") } throws: { error in
            (error as? Failure)?.message.contains("homewise-13b") ?? false
        }
    }
}
