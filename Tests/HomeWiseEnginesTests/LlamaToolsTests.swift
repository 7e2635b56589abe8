// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseEngines

@Suite struct LlamaToolsTests {
    @Test func readsTheFiguresOfADevice() {
        #expect(LlamaFit.device("Host 92 90 98 ") == .init(name: "Host", model: 92 << 20, context: 90 << 20, compute: 98 << 20))
        #expect(LlamaFit.device("RPC0 [127.0.0.1:1] 1 2 3")?.name == "RPC0 [127.0.0.1:1]")
        for line in ["", "Host 1 2", "0.00.1 I printing estimated memory", "Host a b c", "Host 1 2 99999999999"] {
            #expect(LlamaFit.device(line) == nil, "\(line)")
        }
    }

    @Test func readsTheRunsOfABenchmark() throws {
        let runs = try #require(LlamaBench.runs(#"{"n_threads": 2, "n_gen": 24, "n_prompt": 0, "samples_ts": [10.0, 30.0, 20.0]}"#))
        #expect(runs.threads == 2 && !runs.isPrompt && runs.median == 20 && runs.spread == 1)
        #expect(
            LlamaBench.runs("load_backend: something") == nil && LlamaBench.runs(#"{"n_threads": 2, "n_gen": 1, "samples_ts": []}"#) == nil)
    }

    @Test(.temporaryFolder) func aSparseFileHasItsLengthAndHardlyAnySize() throws {
        let path = TemporaryFolder.path + "/s"
        try SparseFile.write([1, 2, 3], length: 1 << 30, to: path)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_size == 1 << 30 && status.st_blocks * 512 < 1 << 20)
        #expect(throws: Failure.self) { try SparseFile.write([1], length: 1, to: TemporaryFolder.path + "/none/s") }
    }
}
