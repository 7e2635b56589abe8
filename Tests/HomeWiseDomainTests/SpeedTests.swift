// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Testing

@testable import HomeWiseDomain

private func calibration(_ kernels: [(String, Int, Double)], row: Double = 0, layer: Double = 0) -> Calibration {
    Calibration(
        engine: "e", processor: "p",
        kernels: kernels.map { .init(type: $0.0, threads: $0.1, bytesPerSecond: $0.2, rowSeconds: row, promptRate: 100e9) },
        layerSeconds: [1: layer, 2: layer], spread: 0.05)
}

private func facts(_ bytes: [String: Int64], rows: [String: Int64] = [:]) -> ModelFacts {
    var facts = ModelFacts(container: .gguf)
    facts.layers = 10
    facts.weights = .init(totalBytes: bytes.values.reduce(0, +), bytesByType: bytes)
    facts.weights?.rowsByType = rows
    return facts
}

private let machine = SystemCapabilities(cpu: .init(architecture: "x86_64", physicalCores: 2, logicalCores: 2), memory: .init())

@Suite struct CalibrationFitTests {
    /// Times made from known figures give those figures back.
    @Test(arguments: ["Q4_K", "Q8_0", "F16"]) func recoversWhatTheTimesWereMadeFrom(name: String) throws {
        let type = try #require(GGMLType.named(name))
        let (rate, row, layer) = (20e9, 5e-9, 20e-6)
        func seconds(_ model: SyntheticModel) -> Double { model.work.bytes / rate + model.work.rows * row + Double(model.layers) * layer }
        let kernel = CalibrationFit.kernel(
            type, threads: 2, wideSeconds: seconds(CalibrationFit.wide(type)), narrowSeconds: seconds(CalibrationFit.narrow(type)),
            layerSeconds: layer, promptSeconds: 0.01)
        #expect(abs(kernel.bytesPerSecond / rate - 1) < 1e-6 && abs(kernel.rowSeconds / row - 1) < 1e-6)
        #expect(abs(kernel.promptRate * 0.01 / (CalibrationFit.wide(type).work.bytes * 8 / type.bitsPerElement) - 1) < 1e-6)
    }

    @Test func noiseMakesNoNegativeFigures() throws {
        let type = try #require(GGMLType.named("Q4_K"))
        for (wide, narrow) in [(0.001, 1.0), (1.0, 0.0001), (1e-9, 1e-9)] {
            let kernel = CalibrationFit.kernel(
                type, threads: 1, wideSeconds: wide, narrowSeconds: narrow, layerSeconds: 1e-3, promptSeconds: 0)
            #expect(kernel.bytesPerSecond > 0 && kernel.bytesPerSecond.isFinite && kernel.rowSeconds >= 0 && kernel.promptRate.isFinite)
        }
    }

    @Test func theModelsThatAreMeasuredAreSoundFiles() throws {
        for name in CalibrationFit.types {
            let type = try #require(GGMLType.named(name))
            for model in [CalibrationFit.wide(type), CalibrationFit.narrow(type), CalibrationFit.tiny] {
                let (bytes, length) = model.draft().header()
                _ = try GGUFHeader(BytePrefix(bytes, length: length))
                #expect(length < 400 << 20)
            }
        }
    }
}

@Suite struct SpeedModelTests {
    @Test func aTokenReadsEveryWeightOnceAndRowsAndLayersCost() {
        let model = SpeedModel(machine: machine, calibration: calibration([("Q4_K", 2, 10e9)], row: 1e-6, layer: 1e-3), threads: 2)
        // 0.1 s for the bytes, 0.01 s for the rows, 0.01 s for the layers
        let speed = model.estimate(facts(["Q4_K": 1_000_000_000], rows: ["Q4_K": 10_000]))
        #expect(abs(speed.tokensPerSecond - 1 / 0.12) < 0.01 && speed.basis == .calibrated(spread: 0.05))
        #expect(speed.range.contains(speed.tokensPerSecond) && speed.range.lowerBound > speed.tokensPerSecond * 0.75)
    }

    @Test func aTypeThatWasNotMeasuredIsScaledFromTheNearest() throws {
        let known = calibration([("Q4_K", 2, 10e9), ("F16", 2, 20e9)])
        let kernel = try #require(known.kernel("Q4_1", threads: 2))
        // The same pace by element: 5 bits where 4.5 were measured.
        #expect(abs(kernel.bytesPerSecond - 10e9 * 5 / 4.5) < 1e6)
        #expect(known.kernel("nonsense", threads: 2) == nil)
        #expect(known.kernel("Q4_K", threads: 16)?.threads == 2, "the nearest number of threads")
    }

    @Test func theTableOfTokensIsOnlyReadWhereItMakesTheScores() {
        var tied = facts(["Q4_K": 1000])
        tied.weights?.embeddingBytes = 400
        tied.weights?.embeddingType = "Q4_K"
        var apart = tied
        apart.weights?.outputBytes = 400
        #expect(TokenWork(tied).bytes == 1000 && TokenWork(apart).bytes == 600)
    }

    @Test func expertsThatRestAreNotRead() {
        var moe = facts(["Q4_K": 1000])
        moe.experts = .init(count: 8, used: 2)
        moe.weights?.expertBytes = 800
        #expect(TokenWork(moe).bytes == 400)
    }

    @Test func withoutCalibrationBandwidthAndKernelsSetTheBounds() {
        var slow = machine
        slow.memory.bandwidth = 1e9
        let estimate = SpeedModel(machine: slow).estimate(facts(["Q4_K": 100_000_000]))
        #expect(abs(estimate.tokensPerSecond - 10) < 0.1 && estimate.basis == .bandwidth(gigabytesPerSecond: 1))
    }
}

@Suite struct PlacementTests {
    private static let card = SystemCapabilities.GPU(
        kind: .cuda, name: "NVIDIA GeForce RTX 3060", memoryTotal: ByteCount(12_000_000_000), memoryFree: ByteCount(11_500_000_000))

    private func planner(
        _ gpu: SystemCapabilities.GPU?, devices: [String]? = ["CUDA0: NVIDIA GeForce RTX 3060 (12036 MiB, 11500 MiB free)"]
    ) -> Planner {
        var machine = SystemCapabilities(
            cpu: .init(architecture: "x86_64", physicalCores: 8, logicalCores: 16, features: ["avx2"]),
            memory: .init(total: ByteCount(64_000_000_000), available: ByteCount(60_000_000_000), bandwidth: 50e9),
            gpus: gpu.map { [$0] } ?? [], storage: .init(path: "/", free: ByteCount(500_000_000_000), total: nil))
        machine.engineDevices = devices
        return Planner(machine: machine)
    }

    private func model(gigabytes: Double, experts: ModelFacts.Experts? = nil, active: String? = nil) throws -> ModelInfo {
        var model = try PlannerTests.model("m", gigabytes: gigabytes, quality: 50)
        model.architecture?.experts = experts
        model.architecture?.layers = 40
        (model.parameters, model.activeParameters) = ("30B", active)
        return model
    }

    @Test func whatFitsLiesOnTheGPUAsAWhole() throws {
        let fit = try planner(Self.card).assess(try model(gigabytes: 6)).get()
        #expect(fit.placement.gpuLayers == 41 && fit.memory.gpu.bytes > 6_000_000_000 && fit.memory.working.bytes < 1_000_000_000)
        #expect(fit.speed.basis == .published(device: "NVIDIA GeForce RTX 3060") && fit.speed.tokensPerSecond > 20)
    }

    @Test func whatDoesNotFitIsSplitByLayersAndSlower() throws {
        var planner = planner(Self.card)
        planner.wish.minTokensPerSecond = 1
        let fit = try planner.assess(try model(gigabytes: 20)).get()
        #expect((1..<40).contains(fit.placement.gpuLayers) && Double(fit.memory.gpu.bytes) <= 12e9 * 0.9)
        #expect(fit.speed.tokensPerSecond < 12 && fit.memory.mapped.bytes < 20_000_000_000)
    }

    @Test func expertsStayWithTheProcessorBeforeLayersDo() throws {
        let fit = try planner(Self.card).assess(try model(gigabytes: 20, experts: .init(count: 128, used: 8), active: "3B")).get()
        #expect(fit.placement.hasExpertsOnCPU && fit.placement.gpuLayers == 41 && fit.placement.arguments.contains("--cpu-moe"))
    }

    @Test func aGPUThatTheEngineCannotUseIsNotPlannedFor() throws {
        #expect(try planner(Self.card, devices: []).assess(try model(gigabytes: 2)).get().placement == .cpu)
        // Another device than this card.
        #expect(try planner(Self.card, devices: ["Vulkan0: Intel UHD (8000 MiB)"]).assess(try model(gigabytes: 2)).get().placement == .cpu)
        var simulated = planner(Self.card, devices: nil)
        simulated.isSimulated = true
        #expect(try simulated.assess(try model(gigabytes: 2)).get().placement != .cpu)
        simulated.wish.prefersGPU = false
        #expect(try simulated.assess(try model(gigabytes: 2)).get().placement == .cpu)
    }

    @Test func theShareOfTheGPUAndItsFreeMemoryAreHonoured() throws {
        var planner = planner(Self.card)
        planner.wish.gpuMemory = .percent(20)
        #expect(try planner.assess(try model(gigabytes: 6)).get().memory.gpu.bytes <= 2_400_000_000)
        var busy = Self.card
        busy.memoryFree = ByteCount(1_500_000_000)
        #expect(try self.planner(busy).assess(try model(gigabytes: 6)).get().memory.gpu.bytes <= 1_500_000_000)
    }

    @Test func layersThatAPersonAsksForAreTakenOrRefusedWithFigures() throws {
        var planner = planner(Self.card)
        planner.wish.gpuLayers = 999
        let fit = planner.plan(try model(gigabytes: 20), try #require(try model(gigabytes: 20).variants?[0]))
        #expect(
            fit.placement.gpuLayers == 41 && fit.memory.gpu.bytes < 24_000_000_000
                && planner.obstacle(to: fit)?.text.contains("on the GPU") == true)
    }

    @Test func theLongestNameInTheTableCounts() {
        #expect(GPUBandwidth.published("NVIDIA GeForce RTX 4070 Ti SUPER") == 672e9 && GPUBandwidth.published("Apple M1 Max") == 400e9)
        #expect(GPUBandwidth.published("Voodoo 2") == nil && GPUBandwidth.published(nil) == nil)
        for name in ["NVIDIA RTX A1000", "Tesla V100-SXM2-16GB", "Tesla M40", "Quadro M4000", "NVIDIA T400", "NVIDIA L40"] {
            #expect(GPUBandwidth.published(name) == nil, "\(name)")
        }
        #expect(GPUBandwidth.published("NVIDIA GeForce RTX 4090 Laptop GPU").map { $0 < 600e9 } ?? false)
    }

    @Test func aCardThatIsNotInTheTableIsUsedAndItsSpeedSaidToBeAssumed() throws {
        let card = SystemCapabilities.GPU(kind: .cuda, name: "Voodoo 2", memoryTotal: ByteCount(8_000_000_000))
        let fit = try planner(card, devices: ["CUDA0: Voodoo 2 (8000 MiB)"]).assess(try model(gigabytes: 2)).get()
        #expect(fit.placement.gpuLayers == 41 && fit.speed.basis == .assumed)
        #expect(fit.placement.arguments == ["--gpu-layers", "41", "--device", "CUDA0"])
        #expect(Placement.cpu.arguments == ["--gpu-layers", "0"], "the engine would take all layers by itself")
    }

    @Test func aGPUInTheMachinesOwnMemoryTakesFromThere() throws {
        let chip = SystemCapabilities.GPU(kind: .metal, name: "Apple M1", memoryTotal: ByteCount(16_000_000_000), memoryIsShared: true)
        var planner = planner(chip, devices: ["Metal: Apple M1"])
        (planner.machine.memory.total, planner.machine.memory.available) = (ByteCount(16_000_000_000), ByteCount(6_000_000_000))
        planner.wish.minTokensPerSecond = 1
        #expect(throws: Rejection.self) { try planner.assess(try model(gigabytes: 11)).get() }
        _ = try planner.assess(try model(gigabytes: 3)).get()
    }
}
