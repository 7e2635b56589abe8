// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Testing

@Suite struct SandboxPolicyTests {
    @Test("SUP-37 what every program gets holds no home, no store and no mail") func system() {
        let forbidden = ["/home", "/root", "/var", "/tmp", "/mnt", "/media", "/srv", "/etc", "/dev", "/", "/run", "/boot"]
        #expect(!SandboxPolicy.system.contains { forbidden.contains($0.path) })
        #expect(!SandboxPolicy.system.contains { $0.access == .write && $0.path != "/dev/shm" })
        #expect(!SandboxPolicy.system.contains { $0.path.contains("shadow") || $0.path.contains("ssh") || $0.reason.isEmpty })
    }

    @Test func theGuardIsToldOfEveryRule() {
        var policy = SandboxPolicy(rules: [.init(.read, "/m", "x"), .init(.device, "/d", "x"), .init(.write, "relative", "x")])
        #expect(policy.guardArguments == ["+sandbox", "+offline", "+read=/m", "+device=/d"])
        policy.networkReason = "far"
        #expect(!policy.guardArguments.contains("+offline"))
        #expect(SandboxPolicy(rules: []).guardArguments == ["+sandbox", "+offline"], "nothing is not everything")
    }

    @Test func onlyAModelOnSeveralMachinesNeedsTheNetwork() {
        let far = Placement(gpu: .init(name: "RPC", bandwidth: 1e9, engineName: "RPC0"), gpuLayers: 3)
        let card = Placement(gpu: .init(name: "RTX", bandwidth: 1e9, engineName: "CUDA0"), gpuLayers: 3)
        #expect(SandboxPolicy.networkReason(placement: far, arguments: []) != nil)
        #expect(SandboxPolicy.networkReason(placement: .cpu, arguments: ["--rpc", "x:1"]) != nil)
        for placement in [.cpu, card] { #expect(SandboxPolicy.networkReason(placement: placement, arguments: ["--model"]) == nil) }
        #expect(SandboxPolicy.cards(among: ["null", "nvidia0", "nvidiactl", "sda"]).map(\.path) == ["/dev/nvidia0", "/dev/nvidiactl"])
    }

    @Test func aCardThatLacksADeviceIsSaidTo() {
        let driver = ["nvidia0", "nvidiactl", "null"]
        #expect(SandboxPolicy.obstacle(to: "CUDA0", among: driver)?.contains("nvidia-modprobe -u") == true)
        #expect(SandboxPolicy.obstacle(to: "CUDA0", among: ["null", "nvidia-uvm"])?.contains("driver is not loaded") == true)
        #expect(SandboxPolicy.obstacle(to: "ROCm0", among: ["dri"])?.contains("/dev/kfd") == true)
        for (device, names) in [
            ("CUDA1", driver + ["nvidia-uvm"]), ("CUDA0", ["dxg"]), ("ROCm0", ["kfd"]), ("Vulkan0", []), (nil, []),
        ] { #expect(SandboxPolicy.obstacle(to: device, among: names) == nil, "\(device ?? "none")") }
        #expect(SandboxPolicy.cards(among: ["nvidia-uvm"], in: "/x").map(\.path) == ["/x/nvidia-uvm"])
    }

    @Test func homebrewsLibrariesAreFoundByItsCellar() {
        let prefix = "/home/linuxbrew/.linuxbrew"
        #expect(SandboxPolicy.homebrew(of: prefix + "/Cellar/llama.cpp/6000/bin/llama-server") == prefix)
        for path in ["/usr/bin/llama-server", "/Cellar/x", "Cellar/x", "/home/me/Cellar", ""] {
            #expect(SandboxPolicy.homebrew(of: path) == nil, "\(path)")
        }
        #expect(SandboxPolicy.homebrew(in: prefix).map(\.path) == ["Cellar", "lib", "opt"].map { "\(prefix)/\($0)" })
        #expect(SandboxPolicy.homebrew(in: prefix).allSatisfy { $0.access == .run })
    }

    @Test func theGuardsWordsAreUnderstood() {
        #expect(SandboxState(words: "full") == SandboxState(.full) && SandboxState(.full).complaint == nil)
        #expect(SandboxState(words: "partial no Landlock; no filter")?.complaint == "partly unsandboxed: no Landlock; no filter")
        #expect(SandboxState(words: "none why")?.complaint == "unsandboxed: why")
        for words in ["", "whole", "fuller"] { #expect(SandboxState(words: words) == nil) }
    }
}

@Suite struct LoadWatchTests {
    @Test("SUP-05 silence without reading ends a load") func silence() {
        var watch = LoadWatch(.init(silence: 10, talk: 100), at: 0)
        #expect(watch.look(silence: 9, bytes: 5, at: 9) == nil)
        #expect(watch.look(silence: 19, bytes: 5, at: 19) == nil, "it read ten seconds ago")
        #expect(watch.look(silence: 20, bytes: 5, at: 20)?.contains("said nothing") == true)
    }

    @Test("SUP-06 twenty minutes of honest reading are waited for, said or not") func slow() {
        var watch = LoadWatch(.init(), at: 0)
        for second in stride(from: 0.0, to: 1200, by: 10) {
            #expect(watch.look(silence: second, bytes: Int(second) * 1_000_000, at: second) == nil)
        }
        var other = LoadWatch(.init(), at: 0)
        for second in stride(from: 0.0, to: 1200, by: 10) { #expect(other.look(silence: 1, bytes: 0, at: second) == nil) }
    }

    @Test("SUP-06 what comes through calls alone is reading where it is a model's share, and is none where it is not") func calls() {
        var watch = LoadWatch(.init(silence: 10, talk: 100), at: 0)
        // A network disk: the kernel counts no block of it.
        for second in stride(from: 0.0, to: 1200, by: 5) {
            #expect(watch.look(silence: second, bytes: 7, calls: Int(second) * 4_000_000, at: second) == nil)
        }
        var asked = LoadWatch(.init(silence: 10, talk: 100), at: 0)
        for second in stride(from: 0.0, through: 10, by: 1) {
            #expect(asked.look(silence: second, bytes: 0, calls: Int(second) * 10_000, at: second) == nil)
        }
        #expect(asked.look(silence: 11, bytes: 0, calls: 110_000, at: 11)?.contains("read nothing") == true)
    }

    @Test("SUP-07 words alone end too, later where reading cannot be seen") func talk() {
        var watch = LoadWatch(.init(silence: 10, talk: 100), at: 0)
        #expect(watch.look(silence: 0, bytes: 7, at: 50) == nil && watch.look(silence: 0, bytes: 7, at: 149) == nil)
        #expect(watch.look(silence: 0, bytes: 7, at: 151)?.contains("never ready") == true)
        var blind = LoadWatch(.init(silence: 10, talk: 100), at: 0)
        #expect(blind.look(silence: 0, bytes: nil, at: 399) == nil && blind.look(silence: 0, bytes: nil, at: 401) != nil)
    }
}

@Suite struct AnswerWatchTests {
    private let limits = AnswerWatch.Limits(still: 10, first: 100, next: 30, bytes: 1000)

    @Test("SUP-10 who neither writes nor works is given up") func still() {
        var watch = AnswerWatch(limits, at: 0)
        #expect(watch.look(work: 5, at: 1) == nil && watch.look(work: 5, at: 11) == nil)
        #expect(watch.look(work: 5.01, at: 12) == .still(seconds: 10), "a breath of work is none")
        #expect(AnswerWatch.Fault.still(seconds: 10).words.contains("10 s"))
    }

    @Test("SUP-10 a long prompt is read in peace; SUP-11 but not for ever") func busy() {
        var watch = AnswerWatch(limits, at: 0)
        for second in 1...100 { #expect(watch.look(work: Double(second), at: Double(second)) == nil) }
        #expect(watch.look(work: 101, at: 101) == .busy(seconds: 100, isFirst: true))
    }

    @Test("SUP-11 events that are no words do not help for ever") func chatter() {
        var watch = AnswerWatch(limits, at: 0)
        for second in 1...100 {
            watch.told(at: Double(second))
            #expect(watch.heard(1, at: Double(second)) == nil && watch.look(work: 0, at: Double(second)) == nil)
        }
        #expect(watch.look(work: 0, at: 101) == .busy(seconds: 100, isFirst: true))
    }

    @Test("SUP-10 comments are no life") func comments() {
        var watch = AnswerWatch(limits, at: 0)
        #expect(watch.look(work: 5, at: 1) == nil)
        for second in 2...11 { #expect(watch.heard(1, at: Double(second)) == nil && watch.look(work: 5, at: Double(second)) == nil) }
        #expect(watch.heard(1, at: 12) == nil && watch.look(work: 5, at: 12) == .still(seconds: 10))
    }

    @Test("SUP-10 between two words the limit is another") func between() {
        var watch = AnswerWatch(limits, at: 0)
        watch.wrote(at: 50)
        #expect(watch.look(work: 50, at: 79) == nil && watch.look(work: 90, at: 81) == .busy(seconds: 30, isFirst: false))
        watch.wrote(at: 82)
        #expect(watch.look(work: 91, at: 83) == nil)
    }

    @Test("SUP-29 an answer has a longest length, however it is counted") func length() {
        var watch = AnswerWatch(limits, at: 0)
        #expect(watch.heard(1000, at: 1) == nil && watch.heard(1, at: 2) == .tooLong(bytes: 1000))
        #expect(watch.heard(.max, at: 3) == .tooLong(bytes: 1000))
        #expect(Failure.engineStuck(.tooLong(bytes: 5)).code == .badReply && Failure.engineStuck(.still(seconds: 1)).engineCause == .hung)
    }

    @Test func unknownWorkIsLifeAndTheSizeOfThePromptGivesTime() {
        var watch = AnswerWatch(limits, at: 0)
        #expect(watch.look(work: nil, at: 60) == nil && watch.look(work: nil, at: 101) == .busy(seconds: 100, isFirst: true))
        let short = AnswerWatch.Limits(promptBytes: 0, isOnProcessorAlone: true)
        let long = AnswerWatch.Limits(promptBytes: 400_000, isOnProcessorAlone: false)
        #expect(long.first == short.first + 100_000 && long.still > short.still)
        #expect(AnswerWatch.Limits(promptBytes: -1, isOnProcessorAlone: true) == short)
    }
}

@Suite struct CrashLoopTests {
    private func again(_ verdict: CrashLoop.Verdict) -> Double? { if case .again(let seconds) = verdict { seconds } else { nil } }

    @Test("SUP-34 three deaths in a minute are borne with growing pauses, the fourth ends it") func fourth() {
        var loop = CrashLoop(engine: "b1")
        #expect(again(loop.died("x", engine: "b1", at: 100)) == 0)
        #expect(again(loop.died("x", engine: "b1", at: 110)) == 0.5)
        #expect(again(loop.died("x", engine: "b1", at: 120)) == 1)
        #expect(loop.quarantine(engine: "b1") == nil)
        #expect(loop.died("last", engine: "b1", at: 159) == .quarantined)
        #expect(loop.quarantine(engine: "b1") == 159 && loop.lastCause == "last")
        #expect(loop.died("x", engine: "b1", at: 9_000) == .quarantined, "until a person acts")
        #expect(loop.quarantine(engine: "b1") == 159)
    }

    @Test("SUP-34 deaths far apart are no loop") func farApart() {
        var loop = CrashLoop(engine: "b1")
        for death in 0..<50 { #expect(again(loop.died("x", engine: "b1", at: Double(death) * 25)) != nil) }
        #expect(loop.deaths.count == 3)
    }

    @Test("SUP-34 another engine is given a fresh start, and a clock that was wrong does no harm") func fresh() {
        var loop = CrashLoop(engine: "b1")
        for _ in 0..<4 { _ = loop.died("x", engine: "b1", at: 100) }
        #expect(loop.quarantine(engine: "b2") == nil && again(loop.died("x", engine: "b2", at: 101)) == 0)
        var future = CrashLoop(engine: "b1")
        for _ in 0..<3 { _ = future.died("x", engine: "b1", at: 9_000) }
        #expect(again(future.died("x", engine: "b1", at: 100)) == 0)
    }

    @Test func theFailureSaysSinceWhenWhyAndWhatToDo() {
        let failure = Failure.quarantined("tiny:q8", since: 0, cause: "it crashed")
        #expect(
            failure.message.contains("1970-01-01") && failure.message.contains("it crashed")
                && failure.remedy.contains("homewise run tiny:q8"))
    }
}

@Suite struct EngineRecordTests {
    private let record = EngineRecord(
        pid: 7, started: 100, boot: "b", program: "/e", mark: "m", manager: 1, managerStarted: 1)

    private func isOurs(_ pid: Int32 = 7, _ started: UInt64 = 100, _ program: String? = "/e", _ mark: String? = nil, boot: String = "b")
        -> Bool
    {
        record.isOurs(.init(pid: pid, started: started, program: program, mark: mark), boot: boot)
    }

    @Test("SUP-19 number, start, system start and program, or the mark; nothing less") func sights() {
        #expect(isOurs() && isOurs(9, 200, "/other", "m"))
        #expect(!isOurs(8) && !isOurs(7, 101) && !isOurs(7, 100, "/other") && !isOurs(7, 100, nil) && !isOurs(boot: "c"))
        #expect(!isOurs(9, 200, "/e", "other") && !isOurs(9, 99, "/e", "m"), "what was there before was not started by it")
        #expect(!isOurs(9, 200, "/e", "m", boot: "c"))
    }
}
