// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseMachine

private typealias GPU = SystemCapabilities.GPU

@Suite(.temporaryFolder, .serialized) struct NVMLTests {
    private static let good = """
        #include <string.h>
        typedef void *device;
        int nvmlInit_v2(void) { return INIT; }
        int nvmlShutdown(void) { return 0; }
        int nvmlDeviceGetCount_v2(unsigned *count) { *count = 2; return COUNT; }
        int nvmlDeviceGetHandleByIndex_v2(unsigned index, device *out) { *out = (device)(long)(index + 1); return index == BROKEN ? 15 : 0; }

        """

    private static let details = """
        int nvmlDeviceGetName(device d, char *name, unsigned size) { strncpy(name, (long)d > 10 ? "Test GPU MIG 1g.5gb" : "Test GPU", size); return 0; }
        int nvmlSystemGetDriverVersion(char *name, unsigned size) { strncpy(name, "555.1", size); return 0; }
        int nvmlSystemGetCudaDriverVersion_v2(int *version) { *version = 12040; return 0; }
        int nvmlDeviceGetMemoryInfo(device d, unsigned long long *m) {
            if ((long)d > 10) { m[0] = 5000000000ull; m[1] = 4000000000ull; m[2] = 1000000000ull; return 0; }
            m[0] = 8000000000ull; m[1] = 6000000000ull; m[2] = 2000000000ull; return 0;
        }
        int nvmlDeviceGetCudaComputeCapability(device d, int *major, int *minor) { *major = 8; *minor = 9; return 0; }
        int nvmlDeviceGetTemperature(device d, int sensor, unsigned *t) { *t = 61; return sensor == 0 ? 0 : 2; }
        int nvmlDeviceGetPowerUsage(device d, unsigned *milliwatts) { *milliwatts = 45500; return 0; }
        int nvmlDeviceGetUtilizationRates(device d, unsigned *rates) { rates[0] = 25; rates[1] = 90; return 0; }
        struct pci { char old[16]; unsigned domain, bus, device, id, subsystem; char name[32]; };
        int nvmlDeviceGetPciInfo_v3(device d, struct pci *p) { p->id = 0x268410de; strcpy(p->name, "00000000:0A:00.0"); return 0; }

        """

    private static let divided = """
        int nvmlDeviceGetMigMode(device d, unsigned *current, unsigned *pending) { *current = (long)d == 1; *pending = 0; return 0; }
        int nvmlDeviceGetMaxMigDeviceCount(device d, unsigned *count) { *count = 7; return 0; }
        int nvmlDeviceGetMigDeviceHandleByIndex(device d, unsigned i, device *out) { *out = (device)(long)(11 + i); return i < INSTANCES ? 0 : 6; }

        """

    private static let refused = """
        int nvmlDeviceGetName(device d, char *name, unsigned size) { return 3; }
        int nvmlDeviceGetMemoryInfo(device d, unsigned long long *m) { m[0] = 1; return 3; }
        int nvmlDeviceGetTemperature(device d, int sensor, unsigned *t) { *t = 1; return 3; }
        int nvmlDeviceGetUtilizationRates(device d, unsigned *rates) { rates[0] = 1; return 3; }
        int nvmlDeviceGetPciInfo_v3(device d, unsigned *p) { p[7] = 1; return 3; }
        int nvmlDeviceGetMigMode(device d, unsigned *current, unsigned *pending) { *current = 1; return 3; }

        """

    private func library(_ source: String, _ changes: [String: Int] = [:]) throws -> String {
        let values = ["INIT": 0, "COUNT": 0, "BROKEN": 9, "INSTANCES": 2].merging(changes) { $1 }
        return try StubLibrary.compile(source, values.map { "\($0)=\($1)" })
    }

    private func read(_ library: String, patience: Duration = .seconds(20)) -> NVML.Answer {
        NVML.read(libraries: [library], patience: patience)
    }

    private static let whole = GPU(
        kind: .cuda, name: "Test GPU", memoryTotal: ByteCount(8_000_000_000), memoryFree: ByteCount(6_000_000_000), driver: "555.1",
        cudaVersion: "12.4", memoryUsed: ByteCount(2_000_000_000), computeCapability: "8.9", temperature: 61, power: 45.5,
        utilisation: 0.25, pciID: "10de:2684", pciAddress: "0000:0a:00.0")

    @Test func readsWhatTheDriverSays() throws {
        let path = try library(Self.good + Self.details)
        #expect(read(path) == NVML.Answer(gpus: [Self.whole, Self.whole]))
        #expect(!StubLibrary.isLoaded(path))
    }

    @Test func missingFunctionsAreUnknown() throws {
        #expect(read(try library(Self.good)) == NVML.Answer(gpus: [GPU(kind: .cuda), GPU(kind: .cuda)]))
    }

    @Test func whatTheDriverRefusesIsUnknown() throws {
        #expect(read(try library(Self.good + Self.refused)).gpus == [GPU(kind: .cuda), GPU(kind: .cuda)])
    }

    @Test(
        "SUP-03 a driver that does not work is a finding with its reason",
        arguments: [(9, "kernel module"), (18, "restart the machine"), (4, "no permission"), (999, "NVML error 999")])
    func brokenDriver(_ status: Int, _ reason: String) throws {
        let answer = read(try library(Self.good, ["INIT": status]))
        #expect(answer.gpus.isEmpty && answer.findings.count == 1 && answer.findings.first?.contains(reason) == true)
    }

    @Test func aListThatFailsIsAFinding() throws {
        let answer = read(try library(Self.good, ["COUNT": 999]))
        #expect(answer.gpus.isEmpty && answer.findings == ["NVIDIA's driver cannot list its GPUs (NVML error 999)."])
    }

    @Test func oneBrokenGPUDoesNotHideTheOther() throws {
        let answer = read(try library(Self.good, ["BROKEN": 0]))
        #expect(
            answer.gpus.count == 1
                && answer.findings == ["NVIDIA's GPU 0 does not answer (the GPU is lost: it fell off the bus, NVML error 15)."])
    }

    @Test func aLibraryThatIsNoneIsAFinding() throws {
        let answer = read(try library("int nothing(void) { return 0; }"))
        #expect(answer.gpus.isEmpty && answer.findings.count == 1 && answer.isInstalled)
    }

    @Test func noLibraryIsOrdinary() {
        #expect(read("libhomewise-no-such-library.so") == NVML.Answer(isInstalled: false))
    }

    @Test func aTruncatedLibraryIsOrdinary() throws {
        let path = try library(Self.good)
        try Data(contentsOf: URL(filePath: path)).prefix(40).write(to: URL(filePath: path))
        #expect(!read(path).isInstalled)
    }

    @Test func aDividedCardIsItsInstances() throws {
        var instance = Self.whole
        instance.name = "Test GPU MIG 1g.5gb"
        instance.isInstance = true
        instance.utilisation = nil
        (instance.memoryTotal, instance.memoryFree) = (ByteCount(5_000_000_000), ByteCount(4_000_000_000))
        instance.memoryUsed = ByteCount(1_000_000_000)
        #expect(read(try library(Self.good + Self.details + Self.divided)) == NVML.Answer(gpus: [instance, instance, Self.whole]))
    }

    @Test func aDividedCardWithoutInstancesIsAFinding() throws {
        let answer = read(try library(Self.good + Self.details + Self.divided, ["INSTANCES": 0]))
        #expect(answer.gpus == [Self.whole] && answer.findings.count == 1)
    }

    @Test("SUP-03 a driver that hangs is cut off, stays loaded, and is asked again when it is back") func hang() async throws {
        let waiting = Self.good.replacingOccurrences(of: "{ return INIT; }", with: "{ wait_until_released(); return INIT; }")
        let path = try library(StubLibrary.untilReleased + waiting + Self.details)
        let first = read(path, patience: .milliseconds(50))
        #expect(first.gpus.isEmpty && first.findings.first?.contains("did not answer within 0.05 s") == true)
        #expect(StubLibrary.isLoaded(path))
        // The second question has twenty seconds to spare, and needs none of them.
        let time = ContinuousClock().measure { _ = read(path) }
        #expect(time < .seconds(10))
        try StubLibrary.release()
        #expect(await eventually(within: .seconds(20)) { read(path).gpus.count == 2 })
        #expect(!StubLibrary.isLoaded(path))
    }

    @Test func theLibraryThatWindowsLendsIsFound() throws {
        let path = try library(Self.good + Self.details)
        let recording = Recording.wsl + Recording(files: [:], links: ["usr/lib/wsl/lib/libnvidia-ml.so.1": path])
        let machine = try recording.probe().capabilities(store: "/")
        #expect(machine.gpus == [Self.whole, Self.whole] && machine.findings.isEmpty && machine.cudaVersion == "12.4")
    }

    @Test func whatTheDriverSaysIsNotSaidTwice() throws {
        let broken = try library(Self.good, ["INIT": 9])
        let graphics = try Recording.halfADriver.probe(nvml: broken).graphics()
        #expect(graphics.findings.count == 2 && graphics.findings.first?.contains("kernel module is not loaded") == true)
        #expect(graphics.findings.last?.contains("vfio-pci") == true)
    }

    @Test func aWorkingCardComesBeforeAnIntegratedOne() throws {
        let path = try library(Self.good + Self.details)
        let gpus = try Recording.ryzenLaptop.probe(nvml: path).graphics().gpus
        #expect(gpus.map(\.kind) == [.cuda, .cuda, .rocm])
    }
}
