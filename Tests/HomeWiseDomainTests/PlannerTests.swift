// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Testing

@testable import HomeWiseDomain

@Suite struct PlannerTests {
    static func model(
        _ name: String, gigabytes: Double, quality: Double, sources: [String] = ["https://example.org/m.gguf"]
    ) throws -> ModelInfo {
        ModelInfo(
            name: name, type: .gguf, size: ByteCount(Int64(gigabytes * 1e9)), tier: .compact,
            quality: .init(score: quality, evidence: "test"),
            architecture: .init(layers: 16, kvHeads: 4, headSize: 64, embedding: 1024),
            variants: [
                ModelVariant(
                    quantization: "Q5_K_M", size: ByteCount(Int64(gigabytes * 1e9)),
                    sources: try sources.map { try SourceReference(parsing: $0) })
            ])
    }

    static func machine(memory: Double = 16, free: Double? = nil, disk: Double = 100, cores: Int = 4) -> SystemCapabilities {
        SystemCapabilities(
            cpu: .init(architecture: "x86_64", physicalCores: cores, logicalCores: cores, features: ["avx2"]),
            memory: .init(total: ByteCount(Int64(memory * 1e9)), available: ByteCount(Int64((free ?? memory) * 1e9)), bandwidth: 20e9),
            storage: .init(path: "/", free: ByteCount(Int64(disk * 1e9)), total: nil))
    }

    private func rejection(_ result: Result<Fit, Rejection>) -> Rejection.Kind? {
        if case .failure(let rejection) = result { rejection.kind } else { nil }
    }

    @Test func theBestThatIsFastEnoughComesFirst() throws {
        let registry = ModelRegistry(models: [
            try Self.model("small", gigabytes: 0.5, quality: 30), try Self.model("crawler", gigabytes: 8, quality: 90),
            try Self.model("middle", gigabytes: 1.5, quality: 60),
        ])
        let choice = Planner(machine: Self.machine()).choose(from: registry)
        #expect(choice.ranked.map(\.model.name) == ["middle", "small"])
        #expect(choice.rejected.map(\.kind) == [.speed])
    }

    @Test func whereNoneIsFastEnoughTheFastestIsStillOffered() throws {
        let registry = ModelRegistry(models: [
            try Self.model("a", gigabytes: 8, quality: 90), try Self.model("b", gigabytes: 4, quality: 50),
        ])
        #expect(Planner(machine: Self.machine()).choose(from: registry).candidates.map(\.model.name) == ["b", "a"])
    }

    @Test func memoryIsHeldAgainstTheShareAndAgainstWhatIsFree() throws {
        let model = try Self.model("m", gigabytes: 10, quality: 50)
        #expect(rejection(Planner(machine: Self.machine(memory: 12)).assess(model)) == .memory)
        #expect(rejection(Planner(machine: Self.machine(memory: 64, free: 8)).assess(model)) == .memory)
    }

    @Test func theContainersLimitCounts() throws {
        var machine = Self.machine(memory: 64)
        machine.memory.limit = ByteCount(4_000_000_000)
        #expect(rejection(Planner(machine: machine).assess(try Self.model("m", gigabytes: 4, quality: 1))) == .memory)
    }

    @Test("DL-43 a full disk rules out what is not here, and not what is") func disk() throws {
        let model = try Self.model("m", gigabytes: 1, quality: 50)
        let machine = Self.machine(disk: 1.1)
        #expect(rejection(Planner(machine: machine).assess(model)) == .disk)
        #expect(rejection(Planner(machine: machine, installed: ["m:q5_k_m"]).assess(model)) == nil)
        // What an interrupted download of the same model holds is not held against it.
        #expect(rejection(Planner(machine: machine, reserved: ["m:q5_k_m": 500_000_000]).assess(model)) == nil)
    }

    @Test func aMeasurementOutranksTheEstimate() throws {
        let model = try Self.model("m", gigabytes: 8, quality: 50)
        let result = Planner(machine: Self.machine(), measured: ["m:q5_k_m": 20]).assess(model)
        #expect(try result.get().speed == SpeedEstimate(tokensPerSecond: 20, basis: .measured))
    }

    @Test func aNamedModelMayBeSlowButNotTooLarge() throws {
        var wish = Wish()
        wish.isNamed = true
        let slow = try Self.model("slow", gigabytes: 8, quality: 50)
        #expect(rejection(Planner(machine: Self.machine(), wish: wish).assess(slow)) == nil)
        #expect(rejection(Planner(machine: Self.machine(memory: 4), wish: wish).assess(slow)) == .memory)
    }

    @Test func requirementsAndTermsAreHonoured() throws {
        var model = try Self.model("m", gigabytes: 1, quality: 50)
        model.requirements = .init(gpuRequired: true)
        #expect(rejection(Planner(machine: Self.machine()).assess(model)) == .hardware)
        model.requirements = .init(minRAM: ByteCount(32_000_000_000))
        #expect(rejection(Planner(machine: Self.machine()).assess(model)) == .memory)
        model.requirements = nil
        model.terms = .init(name: "T", url: nil, summary: nil)
        #expect(rejection(Planner(machine: Self.machine()).assess(model)) == .terms)
        #expect(rejection(Planner(machine: Self.machine(), accepted: ["T"]).assess(model)) == nil)
    }

    @Test func theLargestVariantThatFitsIsTaken() throws {
        var model = try Self.model("m", gigabytes: 1, quality: 50)
        model.variants?.append(ModelVariant(quantization: "Q8_0", size: ByteCount(1_600_000_000), sources: []))
        model.variants?.append(ModelVariant(quantization: "F16", size: ByteCount(30_000_000_000), sources: []))
        #expect(try Planner(machine: Self.machine()).assess(model).get().variant.quantization == "Q8_0")
    }

    @Test("G5 absurd figures of a registry rule a model out and trap nothing") func absurdShape() throws {
        var model = try Self.model("m", gigabytes: 1, quality: 50)
        model.architecture = .init(layers: .max, kvHeads: .all(.max), headSize: .max, embedding: .max)
        #expect(rejection(Planner(machine: Self.machine()).assess(model)) == .memory)
    }

    @Test func repackedWeightsArePrivate() throws {
        var model = try Self.model("m", gigabytes: 1, quality: 50)
        model.variants?[0].quantization = "Q4_K_M"
        let fit = try Planner(machine: Self.machine()).assess(model).get()
        // 2 · 16 layers · 4 heads · 64 · 4096 tokens · 2 bytes
        #expect(fit.memory.cache == ByteCount(67_108_864))
        // 72 % of a Q4_K_M file is of a type that is rewritten.
        #expect(fit.memory.repacked == ByteCount(720_000_000) && fit.memory.privateTotal.bytes > 720_000_000 + 67_108_864)
        #expect(fit.memory.working < ByteCount(1_300_000_000))
    }
}

@Suite struct MemoryShareTests {
    @Test func readsSharesAndSizes() throws {
        #expect(try MemoryShare(parsing: "80%").bytes(of: ByteCount(1000)) == ByteCount(800))
        #expect(try MemoryShare(parsing: "12GB").bytes(of: ByteCount(1000)) == ByteCount(1000))
    }

    @Test(arguments: ["0%", "101%", "-1%", "%", "lots"]) func refusesOthers(_ text: String) {
        #expect(throws: Failure.self) { try MemoryShare(parsing: text) }
    }
}

@Suite struct ThreadPolicyTests {
    private func threads(_ physical: Int, _ logical: Int, others: Double, stolen: Double = 0, quota: Double? = nil) -> Int {
        let cpu = SystemCapabilities.CPU(architecture: "x86_64", physicalCores: physical, logicalCores: logical, quotaCores: quota)
        return ThreadPolicy().threads(cpu: cpu, load: .init(others: others, stolen: stolen)).threads
    }

    @Test func threadsAreTheCoresThatAreFree() {
        #expect(threads(2, 2, others: 0.02) == 2)
        #expect(threads(2, 2, others: 1.0) == 1)
        #expect(threads(2, 2, others: 2.0) == 1)
        #expect(threads(8, 16, others: 3.1) == 5)
        #expect(threads(8, 16, others: 0) == 8)
    }

    @Test func aQuotaAndAStealingHostCount() {
        #expect(threads(16, 32, others: 0, quota: 2) == 2)
        #expect(threads(16, 32, others: 0, quota: 0.5) == 1)
        #expect(threads(4, 4, others: 0, stolen: 1.5) == 2)
    }

    @Test func theReasonIsSaid() {
        let cpu = SystemCapabilities.CPU(architecture: "x86_64", physicalCores: 2, logicalCores: 2)
        #expect(ThreadPolicy().threads(cpu: cpu, load: .init(others: 1, stolen: 0)).reason == "1.0 of 2 cores are busy with other programs")
        #expect(ThreadPolicy().threads(cpu: cpu, load: nil).threads == 2)
    }
}
