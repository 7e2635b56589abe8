// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Testing

@Suite struct ExitCauseTests {
    @Test(arguments: [
        ("ggml_aligned_malloc: failed to allocate 900 MiB", ExitCause.Kind.outOfMemory),
        ("ggml_aligned_malloc: insufficient memory (attempted to allocate  41.96 MB)", .outOfMemory),
        ("ggml.c:1644: GGML_ASSERT(ctx->mem_buffer != NULL) failed", .outOfMemory),
        ("error while loading shared libraries: libggml.so.0: cannot open", .missingLibrary),
        ("couldn't bind HTTP server socket, hostname: /x.sock", .addressInUse),
        ("llama_model_load: error loading model: unknown model architecture: 'x'", .unsupportedModel),
        ("error loading model: tensor 'blk.16' data is not within the file bounds, model is corrupted or incomplete", .badModel),
        ("gguf_init_from_reader: invalid magic characters: 'XXXX', expected 'GGUF'", .badModel),
        ("alloc_tensor_range: failed to allocate CUDA0 buffer of size 3019898880", .outOfDeviceMemory),
        ("CUDA error: out of memory", .outOfDeviceMemory),
        ("ggml-rpc.cpp:547: Failed to connect to 127.0.0.1:5999", .deviceLost),
        ("ggml-rpc.cpp:566: Remote RPC server crashed or returned malformed response", .deviceLost),
        ("error while handling argument \"--device\": invalid device: CUDA0", .deviceLost),
    ])
    func lastWordsGiveTheCause(_ line: String, _ kind: ExitCause.Kind) {
        #expect(ExitCause(code: 1, signal: nil, tail: ["main: loading", line]).kind == kind)
    }

    @Test func theCauseOutranksWhatFollowsFromIt() {
        let tail = [
            "alloc_tensor_range: failed to allocate CPU buffer of size 3019898880", "srv load_model: failed to create_context with model",
            "cmn common_init_: failed to load model 'x'",
        ]
        #expect(ExitCause(code: 1, signal: nil, tail: tail.reversed()).kind == .outOfMemory)
    }

    @Test func everyCauseHasARemedyAndATrouble() {
        let plan = LaunchPlan(model: "/m.gguf", alias: "m", options: ContextOptions(context: 4096), threads: 3, reasons: [])
        #expect(Trouble(.deviceLost, plan) == .crash, "engines complain of devices also where they do without them")
        for kind in ExitCause.Kind.allCases {
            #expect(!ExitCause(kind, "x").remedy.isEmpty)
            #expect(Failure.engineDied(ExitCause(kind, "x"), tail: []).engineCause == kind)
            #expect(!Rung.ladder(for: Trouble(kind, plan)).isEmpty)
        }
    }

    @Test func aSignalGivesTheCauseWhereWordsDoNot() {
        #expect(ExitCause(code: nil, signal: 4, tail: []).kind == .wrongProcessor)
        #expect(ExitCause(code: nil, signal: 9, tail: ["fine"]).kind == .killed)
        #expect(ExitCause(code: nil, signal: 11, tail: []).kind == .crashed)
        #expect(ExitCause(code: 3, signal: nil, tail: []).kind == .failed)
    }
}

@Suite struct ServerSentEventsTests {
    @Test func chunksMayBreakAnywhere() throws {
        let stream = Array(": comment\ndata: {\"a\":1}\r\n\r\nevent: x\ndata:[DONE]\n\n".utf8)
        for cut in 0...stream.count {
            var events = ServerSentEvents()
            let payloads = try events.consume(stream[..<cut]) + events.consume(stream[cut...])
            #expect(payloads.map { String(decoding: $0, as: UTF8.self) } == ["{\"a\":1}", "[DONE]"])
        }
    }

    @Test("SUP-29 a line without end is cut off") func endlessLine() throws {
        var events = ServerSentEvents()
        #expect(throws: Failure.self) { for _ in 0..<5 { _ = try events.consume(repeatElement(0x61, count: 1 << 20)) } }
    }
}

@Suite struct LaunchPlanTests {
    @Test func everyValueOfThePlanReachesTheEngine() {
        let plan = LaunchPlan(model: "/m.gguf", alias: "m", options: ContextOptions(context: 4096), threads: 3, reasons: [])
        let arguments = plan.llamaServerArguments(socket: "/run/x.sock")
        for pair in [
            ["--model", "/m.gguf"], ["--ctx-size", "4096"], ["--threads", "3"], ["--threads-batch", "3"], ["--host", "/run/x.sock"],
        ] {
            let index = arguments.firstIndex(of: pair[0])
            #expect(index.map { arguments[$0 + 1] } == pair[1])
        }
        #expect(!arguments.contains { $0.contains("key") })
    }
}

@Suite struct RoundingTests {
    @Test(arguments: [(12.345, 1, "12.3"), (0.05, 2, "0.05"), (7.96, 1, "8.0"), (-1.25, 1, "-1.3"), (3, 0, "3"), (1e20, 1, "1e+20")])
    func printsForPeople(_ value: Double, _ places: Int, _ text: String) { #expect(value.rounded(toPlaces: places) == text) }
}
