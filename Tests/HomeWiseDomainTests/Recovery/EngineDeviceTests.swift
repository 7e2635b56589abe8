// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Testing

@Suite struct EngineDeviceTests {
    private func ways(_ lines: [String], to name: String, card: String = "") -> [String] {
        lines.compactMap(EngineDevice.init(line:)).otherWays(to: name, card: card).map(\.name)
    }

    @Test func readsWhatAnEngineLists() {
        let plain = EngineDevice(line: "CUDA0: NVIDIA GeForce RTX 3060 (12036 MiB, 11000 MiB free)")
        #expect(plain == EngineDevice(name: "CUDA0", card: "NVIDIA GeForce RTX 3060", memory: ByteCount(12036 << 20)))
        let bracketed = EngineDevice(line: " Vulkan0: AMD Radeon RX 7900 XTX (RADV NAVI31) (24560 MiB, 24000 MiB free)")
        #expect(bracketed?.card == "AMD Radeon RX 7900 XTX (RADV NAVI31)" && bracketed?.memory == ByteCount(24560 << 20))
        let huge = EngineDevice(line: "RPC0: 127.0.0.1:50052 (9223372036854775807 MiB, 1 MiB free)")
        #expect(huge?.card == "127.0.0.1:50052" && huge?.memory == nil)
        for line in ["", ":", "no device", "a b: c", "(none)"] { #expect(EngineDevice(line: line) == nil) }
    }

    @Test("SUP-03 one card that is listed by two names has another way") func sameCard() {
        let both = [
            "CUDA0: NVIDIA GeForce RTX 3060 (12036 MiB, 11000 MiB free)", "Vulkan0: NVIDIA GeForce RTX 3060 (12288 MiB, 11500 MiB free)",
        ]
        #expect(ways(both, to: "CUDA0") == ["Vulkan0"] && ways(both, to: "Vulkan0") == ["CUDA0"])
        let amd = [
            "ROCm0: AMD Radeon RX 7900 XTX (24560 MiB, 1 MiB free)",
            "Vulkan0: AMD Radeon RX 7900 XTX (RADV NAVI31) (24560 MiB, 1 MiB free)",
        ]
        #expect(ways(amd, to: "ROCm0") == ["Vulkan0"])
        // One that dropped out of the list is still known by what it was called.
        #expect(ways([both[1]], to: "CUDA0", card: "NVIDIA GeForce RTX 3060") == ["Vulkan0"])
    }

    @Test(
        "SUP-03 another card is no other way",
        arguments: [
            ["CUDA0: NVIDIA GeForce RTX 3060 (12036 MiB, 1 MiB free)", "Vulkan0: Intel(R) Arc(tm) A380 Graphics (6000 MiB, 1 MiB free)"],
            ["CUDA0: NVIDIA GeForce RTX 3060 (12036 MiB, 1 MiB free)", "Vulkan0: NVIDIA GeForce RTX 3060 Ti (12036 MiB, 1 MiB free)"],
            ["CUDA0: NVIDIA GeForce RTX 3060 (12036 MiB, 1 MiB free)", "Vulkan0: NVIDIA GeForce RTX 3060 (8192 MiB, 1 MiB free)"],
            ["CUDA0: NVIDIA GeForce RTX 3060 (12036 MiB, 1 MiB free)", "CUDA1: NVIDIA GeForce RTX 3060 (12036 MiB, 1 MiB free)"],
            ["CUDA0: NVIDIA GeForce RTX 3060 (12036 MiB, 1 MiB free)", "RPC0: NVIDIA GeForce RTX 3060 (12036 MiB, 1 MiB free)"],
        ]) func otherCard(_ lines: [String])
    {
        #expect(ways(lines, to: "CUDA0").isEmpty)
        #expect(ways(lines, to: "RPC0").isEmpty, "a device of another machine has no second way")
    }

    @Test func ofTwoEqualCardsTheOneInTheSamePlaceIsMeant() {
        func line(_ name: String) -> String { "\(name): NVIDIA GeForce RTX 3060 (12036 MiB, 1 MiB free)" }
        #expect(ways(["CUDA0", "CUDA1", "Vulkan0", "Vulkan1"].map(line), to: "CUDA1") == ["Vulkan1"])
        #expect(ways(["CUDA0", "CUDA1", "Vulkan0"].map(line), to: "CUDA1").isEmpty, "nobody can tell which of them it is")
    }
}

@Suite struct EngineAgeTests {
    private func manifest(_ version: String, _ origin: EngineManifest.Origin = .built) -> EngineManifest {
        EngineManifest(engine: "llama.cpp", version: version, origin: origin, server: "")
    }

    @Test func aVersionIsOlderByItsNumbers() throws {
        let recipe = try EngineRecipe.llamaCPP()
        #expect(manifest("0.3.9").isOlder(than: recipe) && manifest("0.2.99").isOlder(than: recipe))
        #expect(!manifest(recipe.version).isOlder(than: recipe) && !manifest("0.10.0").isOlder(than: recipe))
        #expect(!manifest("what").isOlder(than: recipe) && !manifest("").isOlder(than: recipe))
        #expect(!manifest("99999999999999999999.1").isOlder(than: recipe))
    }

    @Test func aForeignBuildIsOlderWhereThatIsCertain() throws {
        let recipe = try EngineRecipe.llamaCPP()
        #expect(manifest("found-b7000", .found).isOlder(than: recipe))
        #expect(!manifest("found-b99999", .found).isOlder(than: recipe) && !manifest("found-b", .found).isOlder(than: recipe))
    }
}
