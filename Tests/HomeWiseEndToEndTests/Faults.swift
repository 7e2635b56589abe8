// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

/// A disk that fails as it is told to (Shim/faults.c), for the real program.
struct FaultyDisk: Sendable {
    enum Deed: Sendable {
        /// Fails with this error number.
        case fail(Int32)
        /// SIGKILL before the call.
        case kill
        /// Says that it is done, and does nothing.
        case lie
        /// By turns EINTR, and half of the bytes.
        case falter
        case short
        /// One bit of what is read is another.
        case flip

        var name: String { if case .fail(let number) = self { "errno=\(number)" } else { "\(self)" } }
    }

    /// Every call that changes something on the disk.
    static let changes = ["create", "write", "fsync", "fallocate", "truncate", "rename", "unlink", "mkdir", "link", "chmod"]

    /// Paths that begin so are on it.
    var below: String
    var calls: [String]
    var deed: Deed
    /// 1 is the first call of these kinds.
    var turns: ClosedRange<UInt64> = 1...UInt64.max
    /// This file alone.
    var inode: UInt64?
    /// Where it counts.
    var tally = TemporaryFolder.path + "/tally"
    var log: String?
    /// Gets all that was done, for `DiskRecord`.
    var record: String?

    /// Compiles it. - Returns: where it is.
    static func built() async throws -> String {
        let source = URL(filePath: #filePath).deletingLastPathComponent().path + "/Shim/faults.c"
        let shim = TemporaryFolder.path + "/faults.so"
        let compiled = try await Program(home: "/nonexistent").shell(
            "$(command -v cc || command -v clang) -shared -fPIC -O1 -o '\(shim)' '\(source)' -ldl")
        try #require(compiled.code == 0, "\(compiled.story)")
        return shim
    }

    func environment(_ shim: String) -> [String: String] {
        var all = [
            "LD_PRELOAD": shim, "FAULT_BELOW": below, "FAULT_CALLS": ",\(calls.joined(separator: ",")),", "FAULT_DO": deed.name,
            "FAULT_FIRST": "\(turns.lowerBound)", "FAULT_LAST": "\(turns.upperBound)", "FAULT_TALLY": tally,
        ]
        if let inode { all["FAULT_INODE"] = "\(inode)" }
        if let log { all["FAULT_LOG"] = log }
        if let record { all["FAULT_RECORD"] = record }
        return all
    }

    struct Tally: Equatable {
        /// Calls of these kinds.
        var calls: UInt64
        /// Bytes that were written below `partial/`.
        var bytes: Int64
        /// Calls that something else was done to.
        var faults: UInt64
    }

    /// Since it was last asked.
    func counted() throws -> Tally {
        let data = try Data(contentsOf: URL(filePath: tally))
        try FileManager.default.removeItem(atPath: tally)
        let numbers = data.withUnsafeBytes { bytes in (0..<3).map { bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self) } }
        return Tally(calls: numbers[0], bytes: Int64(clamping: numbers[1]), faults: numbers[2])
    }
}

/// One home, one server, and models `tiny` and `other` that it serves.
struct FaultBench: Sendable {
    let home: String
    let server: LoopbackServer
    let registry: String
    let bytes: [UInt8]
    /// What is asked of `other`, a complete model that nothing may harm.
    let neighbour: [String: [Digest]]

    static let other = soundModel(300_000, seed: 22)

    /// - Parameters:
    ///   - name: of the home, where a test has several.
    ///   - chunk: bytes that the server sends at a time, with a pause between them.
    init(_ size: Int, name: String = "home", chunk: Int = 1 << 20, pause: Duration = .zero) async throws {
        let bytes = soundModel(size, seed: 21)
        self.bytes = bytes
        home = TemporaryFolder.path + "/" + name
        server = try await LoopbackServer.start { request in
            switch request.path {
            case "/tiny.gguf": .paced(bytes, for: request, chunk: chunk, pause: pause)
            case "/other.gguf": .file(Self.other, for: request)
            default: LoopbackServer.Reply(404)
            }
        }
        registry = TemporaryFolder.path + "/\(name).json"
        neighbour = ["other:q4": [digest(of: Self.other)]]
        let models = [("tiny", bytes), ("other", Self.other)].map { name, bytes in
            #"{"name": "\#(name)", "type": "gguf", "size": "3MB", "tier": "Compact", "variants": [{"quantization": "Q4", "size": \#(bytes.count), "sha256": "\#(digest(of: bytes).hex)", "sources": ["\#(server.url)/\#(name).gguf"]}]}"#
        }
        try Data(#"{"models": [\#(models.joined(separator: ","))]}"#.utf8).write(to: URL(filePath: registry))
    }

    func program(_ extra: [String: String] = [:]) -> Program {
        Program(home: home, ["HOMEWISE_REGISTRY": registry].merging(extra) { $1 })
    }

    var blob: String {
        let hex = digest(of: bytes).hex
        return "\(home)/blobs/sha256/\(hex.prefix(2))/\(hex)"
    }

    func clear() throws {
        for path in [home, home + ".state"] where FileManager.default.fileExists(atPath: path) {
            try FileManager.default.removeItem(atPath: path)
        }
    }

    /// A plain run afterwards gets there, nothing is left over, and what is here is sound.
    func recovers(_ what: String, complete: [String: [Digest]] = [:]) async throws {
        let again = try await program().run("pull", "tiny")
        #expect(again.code == 0, "\(what): \(again.story)")
        #expect(
            try StoreInvariants(home: home, complete: complete.merging(["tiny:q4": [digest(of: bytes)]]) { $1 }).violations() == [],
            "\(what)")
        // Empty files that asked the disk what it is are left to `prune`.
        let left = try FileManager.default.contentsOfDirectory(atPath: home + "/partial").filter { $0.utf8.count == 64 }
        #expect(left == [], "\(what)")
    }
}

/// Runs work for each of some cases, two at a time: this is for machines of two cores.
func byTwos<Case: Sendable>(_ cases: [Case], _ body: @escaping @Sendable (_ lane: Int, Case) async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for lane in 0..<2 {
            group.addTask { for index in stride(from: lane, to: cases.count, by: 2) { try await body(lane, cases[index]) } }
        }
        try await group.waitForAll()
    }
}

/// How often the random tests strike: many times by `make soak`.
var kills: Int? { ProcessInfo.processInfo.environment["HOMEWISE_KILLS"].flatMap { Int($0) } }

/// Chance that can be had again: its seed is printed.
struct Chance: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(_ what: String) {
        let given = ProcessInfo.processInfo.environment["HOMEWISE_SEED"].flatMap { UInt64($0) }
        state = given ?? UInt64.random(in: .min ... .max)
        print("HOMEWISE_SEED=\(state) repeats \(what)")
    }

    /// Chance of its own for one of many cases, the same whatever became of the others.
    func branch(_ index: Int) -> Chance {
        var copy = self
        copy.state &+= UInt64(index) &* 0xD1B5_4A32_D192_ED03
        return copy
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
