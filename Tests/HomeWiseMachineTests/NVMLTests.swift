// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseMachine

/// Compiles a stand-in for NVIDIA's library and loads it the way the real one is loaded.
@Suite(.temporaryFolder, .serialized) struct NVMLTests {
    private static let good = """
        #include <string.h>
        typedef void *device;
        int nvmlInit_v2(void) { return INIT; }
        int nvmlShutdown(void) { return 0; }
        int nvmlDeviceGetCount_v2(unsigned *count) { *count = 2; return 0; }
        int nvmlDeviceGetHandleByIndex_v2(unsigned index, device *out) { *out = (device)(long)(index + 1); return index == BROKEN ? 15 : 0; }
        """

    private static let details = """
        int nvmlDeviceGetName(device d, char *name, unsigned size) { strncpy(name, "Test GPU", size); return 0; }
        int nvmlSystemGetDriverVersion(char *name, unsigned size) { strncpy(name, "555.1", size); return 0; }
        int nvmlSystemGetCudaDriverVersion_v2(int *version) { *version = 12040; return 0; }
        int nvmlDeviceGetMemoryInfo(device d, unsigned long long *m) { m[0] = 8000000000ull; m[1] = 6000000000ull; m[2] = 2000000000ull; return 0; }
        """

    private func library(_ source: String, _ defines: [String]) throws -> String {
        let path = TemporaryFolder.path
        try Data(source.utf8).write(to: URL(filePath: path + "/nvml.c"))
        let compiler = Process()
        compiler.executableURL = URL(filePath: "/usr/bin/env")
        compiler.arguments = ["cc", "-shared", "-fPIC", "-o", path + "/libnvml.so", path + "/nvml.c"] + defines.map { "-D\($0)" }
        try compiler.run()
        compiler.waitUntilExit()
        try #require(compiler.terminationStatus == 0)
        return path + "/libnvml.so"
    }

    @Test func readsWhatTheDriverSays() throws {
        let (gpus, findings) = NVML.read(library: try library(Self.good + Self.details, ["INIT=0", "BROKEN=9"]))
        #expect(findings.isEmpty && gpus.count == 2)
        #expect(
            gpus.first
                == .init(
                    kind: .cuda, name: "Test GPU", memoryTotal: ByteCount(8_000_000_000), memoryFree: ByteCount(6_000_000_000),
                    driver: "555.1",
                    cudaVersion: "12.4"))
    }

    @Test func missingFunctionsAreUnknown() throws {
        let (gpus, _) = NVML.read(library: try library(Self.good, ["INIT=0", "BROKEN=9"]))
        #expect(gpus == [.init(kind: .cuda), .init(kind: .cuda)])
    }

    @Test("SUP-03 a driver that does not answer is a finding") func brokenDriver() throws {
        let (gpus, findings) = NVML.read(library: try library(Self.good, ["INIT=9", "BROKEN=9"]))
        #expect(gpus.isEmpty && findings.count == 1)
    }

    @Test func oneBrokenGPUDoesNotHideTheOther() throws {
        let (gpus, findings) = NVML.read(library: try library(Self.good, ["INIT=0", "BROKEN=0"]))
        #expect(gpus.count == 1 && findings.count == 1)
    }

    @Test func aLibraryThatIsNoneIsAFinding() throws {
        let (gpus, findings) = NVML.read(library: try library("int nothing(void) { return 0; }", []))
        #expect(gpus.isEmpty && findings.count == 1)
    }

    @Test func noLibraryIsOrdinary() {
        let (gpus, findings) = NVML.read(library: "libhomewise-no-such-library.so")
        #expect(gpus.isEmpty && findings.isEmpty)
    }
}
