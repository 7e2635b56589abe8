// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseTesting

/// Stands in for llama-server and misbehaves on request. The request is the content of the “model” file, a word a line, which a sound
/// model holds too where it is told to (`soundModel`):
///
/// - `die-saying TEXT`: writes the text to the log and exits with status 1 at once
/// - `crash`: ends itself by SIGSEGV while loading
/// - `never-ready`: `/health` stays 503 for ever
/// - `refuse`: answers every question with 400
/// - `die-mid-answer`: ends itself after the third token
/// - `count-messages`: answers with the number of turns that it was sent
/// - `tell-settings`: answers with the sampling that it was sent, and with the first words of the conversation
/// - `slow-answer`: a token every 100 ms, for ever
/// - `last-words TEXT`: writes the text to the log while it loads
/// - `hang-mid-answer-once PATH`: hangs up after the third token of the first answer and lives on
/// - `die-mid-answer-once PATH`: as `die-mid-answer`, for the first answer alone; the path is where it notes that
/// - `out-of-memory-above N`: has no memory for more than N tokens of context
/// - `lose-device`: cannot use any graphics card; `lose-device NAME`: not by this way, nor without being told which
/// - `crash-with OPTION VALUE`, `crash-without OPTION`: ends itself while loading where an option has the value, or is not there
/// - `note-start PATH`: adds its number to the path, a line for each start
/// - `starts-once PATH`: every start but the first finds an architecture that it does not know; the path is where it notes that
/// - `load-takes N`: `/health` stays 503 for so many milliseconds
/// - `answer-takes N`: so many milliseconds between two tokens
/// - `out-of-memory-beside PATH`: has no memory while the last one that is noted there lives
/// - `escape SECRET PLACE PORT SOCKET`: tries to get out (`Escape`), and answers with what it could do
/// - `slow-load SECONDS`: is not ready for so long, and says so all the time; `talk-for-ever`: never
/// - `read-silently SECONDS`: is not ready for so long, says nothing and reads all the time what is on no disk
/// - `close-outputs`: closes both its outputs and goes on
/// - `stall-answer N`: sends N bytes of an answer and then nothing, asleep
/// - `keep-alive N`: sends N events that say nothing, and then comments for ever, asleep between them
/// - `busy SECONDS`: works so long before the first word; `busy-for-ever`: for ever
/// - `read-for-ever PATH`: reads every prompt for ever; notes the beginning at PATH.begun, and at PATH that who asked has hung up
/// - `many-words N`: an answer of so many words at once
/// - `long-line N`: an answer of one line of N MiB; `bad-json`, `wrong-length`, `long-refusal`: answers that are none
/// - `ignore-term`: pays no heed to SIGTERM
/// - `grandchild PATH`: starts a process of its own that outlives it, and writes its number to the path
///
/// `--write-model PATH ORDER…` writes such a model. Beside the program, `llama-server.devices` holds the lines of its `--list-devices`.
@main
struct FakeEngine {
    static func main() async throws {
        let arguments = CommandLine.arguments
        func value(_ option: String) -> String? { arguments.firstIndex(of: option).flatMap { arguments.dropFirst($0 + 1).first } }
        if let path = value("--write-model") {
            try Data(soundModel(60_000, orders: Array(arguments.dropFirst(3)))).write(to: URL(filePath: path))
            return
        }
        guard let socket = value("--host"), let model = value("--model") else {
            print(
                arguments.contains("--help")
                    ? "--fit --offline --no-ui --no-warmup --jinja --no-repack --load-mode --flash-attn"
                    : "version: 99999 (fake)\nAvailable devices:\n" + Self.devices)
            return
        }
        // A real model, as engines are proven with, is no list of orders and asks for nothing.
        let orders = try Orders(String(decoding: Data(contentsOf: URL(filePath: model)), as: UTF8.self))
        if let path = orders["note-start"] { Self.note(path) }
        if let words = orders["die-saying"] {
            FileHandle.standardError.write(Data((words + "\n").utf8))
            exit(1)
        }
        if let path = orders["starts-once"], !Self.isFirst(path) {
            FileHandle.standardError.write(Data("error loading model: unknown model architecture: 'x'\n".utf8))
            exit(1)
        }
        if let words = orders["last-words"] { FileHandle.standardError.write(Data((words + "\n").utf8)) }
        if orders["crash"] != nil { Self.die(by: SIGSEGV) }
        try Self.failAsOrdered(orders, arguments)
        if orders["ignore-term"] != nil { signal(SIGTERM, SIG_IGN) }
        if orders["close-outputs"] != nil { for output in [STDOUT_FILENO, STDERR_FILENO] { close(output) } }
        if orders["slow-load"] != nil || orders["talk-for-ever"] != nil { Self.talk() }
        if orders["read-silently"] != nil { Self.keepReading("/dev/zero") }
        if let path = orders["grandchild"] { try Self.startGrandchild(path) }
        let ready = ContinuousClock.now + .milliseconds(orders["load-takes"].flatMap { Int($0) } ?? 0)
        let server = try await LoopbackServer.start(socket: socket) { request in
            if request.path == "/health", ContinuousClock.now < ready { return .init(503) }
            if orders["escape"] != nil, request.path != "/v1/completions", request.path != "/health" {
                return Self.stream([orders["escape"].flatMap { Escape($0, model: model)?.report() } ?? "no such order"])
            }
            if let path = orders["read-for-ever"], request.path != "/v1/completions", request.path != "/health" {
                Self.note(path + ".begun")
                await request.untilHungUp()
                Self.note(path)
            }
            return Self.misbehaved(request, orders) ?? Self.reply(to: request, orders)
        }
        try await server.waitUntilClosed()
    }

    private static var devices: String {
        FileManager.default.contents(atPath: CommandLine.arguments[0] + ".devices").map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// In one write, so that two that start at a time do not mix.
    private static func note(_ path: String) {
        let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        let line = Array("\(getpid())\n".utf8)
        guard file >= 0, write(file, line, line.count) == line.count else { exit(2) }
        close(file)
    }

    private static func isAnyoneAlive(_ path: String) -> Bool {
        let numbers = (FileManager.default.contents(atPath: path) ?? Data()).split(separator: 10).compactMap {
            Int32(String(decoding: $0, as: UTF8.self))
        }
        // Whoever is shut in may not even ask, and learns by that that it is there.
        return numbers.last.map { kill($0, 0) == 0 || errno == EPERM } ?? false
    }

    private static func talk() {
        Thread.detachNewThread {
            while true {
                FileHandle.standardError.write(Data("still loading\n".utf8))
                usleep(20_000)
            }
        }
    }

    private static func keepReading(_ path: String) {
        Thread.detachNewThread {
            let file = open(path, O_RDONLY | O_CLOEXEC)
            var piece = [UInt8](repeating: 0, count: 1 << 20)
            while true {
                for _ in 0..<4 { _ = read(file, &piece, piece.count) }
                usleep(20_000)
            }
        }
    }

    /// When it was started.
    private static let start = ContinuousClock.now

    /// Answers that are none; `nil` where none is ordered.
    private static func misbehaved(_ request: LoopbackServer.Request, _ orders: Orders) -> LoopbackServer.Reply? {
        if request.path == "/health" {
            if orders["talk-for-ever"] != nil { return .init(503) }
            guard let seconds = (orders["slow-load"] ?? orders["read-silently"]).flatMap(Double.init) else { return nil }
            return start.duration(to: .now) < .seconds(seconds) ? .init(503) : .init(200)
        }
        guard request.path != "/v1/completions" else { return nil }
        if let count = orders["stall-answer"].flatMap({ Int($0) }) { return stream(["one ", "two ", "three "], end: .stall(after: count)) }
        if let count = orders["keep-alive"].flatMap({ Int($0) }) {
            let event = Array("data: {\"choices\":[{\"delta\":{\"content\":\"\"}}]}\n\n".utf8)
            let chunks = Array(repeating: event, count: count) + Array(repeating: Array(": still here\n\n".utf8), count: 10_000)
            return .init(
                200, headers: [("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked")], chunks: chunks,
                pause: .milliseconds(50))
        }
        if orders["busy-for-ever"] != nil {
            Thread.detachNewThread { while true {} }
            return stream(["one "], end: .stall(after: 0))
        }
        if let seconds = orders["busy"].flatMap(Double.init) {
            let end = ContinuousClock.now + .seconds(seconds)
            while ContinuousClock.now < end {}
            return nil
        }
        if let count = orders["many-words"].flatMap({ Int($0) }) { return stream(Array(repeating: "word ", count: count)) }
        if let count = orders["long-line"].flatMap({ Int($0) }) {
            let piece = [UInt8](repeating: 0x61, count: 1 << 20)
            return .init(200, headers: [("Transfer-Encoding", "chunked")], chunks: Array(repeating: piece, count: count))
        }
        if orders["bad-json"] != nil { return .init(200, body: Array("data: {\"choices\": [\n\n".utf8)) }
        if orders["wrong-length"] != nil {
            return .init(200, headers: [("Content-Length", "1000")], chunks: [Array("data: {}\n\n".utf8)], end: .hangUp(after: 10))
        }
        if orders["long-refusal"] != nil { return .init(400, body: [UInt8](repeating: 0x61, count: 2 << 20)) }
        return nil
    }

    /// Without the handlers that the runtime may have put there to print a trace.
    private static func die(by number: Int32) {
        signal(number, SIG_DFL)
        kill(getpid(), number)
    }

    /// Failures that depend on how it was started.
    private static func failAsOrdered(_ orders: Orders, _ arguments: [String]) throws {
        func value(_ option: String) -> String? { arguments.firstIndex(of: option).flatMap { arguments.dropFirst($0 + 1).first } }
        func fail(_ words: String) -> Never {
            FileHandle.standardError.write(Data((words + "\n").utf8))
            exit(1)
        }
        if let most = orders["out-of-memory-above"].flatMap({ Int($0) }), let context = value("--ctx-size").flatMap({ Int($0) }),
            context > most
        {
            fail("alloc_tensor_range: failed to allocate CPU buffer of size \(context)")
        }
        if let path = orders["out-of-memory-beside"], isAnyoneAlive(path) { fail("ggml: failed to allocate CPU buffer of size 5") }
        if let lost = orders["lose-device"], value("--gpu-layers") != "0", lost.isEmpty || value("--device").map({ $0 == lost }) != false {
            fail("ggml_cuda_init: no CUDA-capable device is detected")
        }
        if let words = orders["crash-with"]?.split(separator: " "), words.count == 2, value(String(words[0])) == String(words[1]) {
            die(by: SIGSEGV)
        }
        if let option = orders["crash-without"], !arguments.contains(option) { die(by: SIGSEGV) }
    }

    private static func startGrandchild(_ path: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/setsid")
        process.arguments = ["/bin/sh", "-c", "echo $$ > '\(path).new'; mv '\(path).new' '\(path)'; exec sleep 600"]
        try process.run()
    }

    private static func reply(to request: LoopbackServer.Request, _ orders: Orders) -> LoopbackServer.Reply {
        if request.path == "/health" { return .init(orders["never-ready"] == nil ? 200 : 503) }
        let isWarmUp = request.path == "/v1/completions"
        if orders["refuse"] != nil, !isWarmUp {
            return .init(400, headers: [("Content-Type", "application/json")], body: Array(#"{"error":{"message":"too long"}}"#.utf8))
        }
        if !isWarmUp, orders["die-mid-answer"] != nil || isFirst(orders["die-mid-answer-once"]) {
            Task {
                try await Task.sleep(for: .milliseconds(200))
                Self.die(by: SIGABRT)
            }
            return stream(["one ", "two ", "three "], end: .stall(after: 1 << 20))
        }
        if !isWarmUp, isFirst(orders["hang-mid-answer-once"]) { return stream(["one ", "two ", "three "], end: .hangUp(after: 150)) }
        if orders["slow-answer"] != nil, !isWarmUp {
            return stream(Array(repeating: "word ", count: 600), pause: .milliseconds(100))
        }
        if orders["count-messages"] != nil {
            return stream(["\(String(decoding: request.body, as: UTF8.self).components(separatedBy: "\"role\"").count - 1)"])
        }
        if orders["tell-settings"] != nil, !isWarmUp { return stream([settings(in: request.body)]) }
        let pause = isWarmUp ? 0 : orders["answer-takes"].flatMap { Int($0) } ?? 0
        return stream(["Hello", " from", " the fake."], pause: .milliseconds(pause))
    }

    private static func settings(in body: [UInt8]) -> String {
        struct Request: Decodable {
            struct Message: Decodable { let content: String }
            let temperature: Double?
            let top_p: Double?
            let top_k: Int?
            let messages: [Message]
        }
        guard let request = try? JSONDecoder().decode(Request.self, from: Data(body)) else { return "no such request" }
        func word<Value>(_ value: Value?) -> String { value.map { "\($0)" } ?? "-" }
        return "\(word(request.temperature)) \(word(request.top_p)) \(word(request.top_k)) \(request.messages.first?.content ?? "-")"
    }

    /// Whether nobody was at the path before.
    private static func isFirst(_ path: String?) -> Bool {
        path.map { FileManager.default.createFile(atPath: $0 + ".new", contents: nil) && link($0 + ".new", $0) == 0 } ?? false
    }

    private static func stream(_ words: [String], end: LoopbackServer.Reply.End = .complete, pause: Duration = .zero)
        -> LoopbackServer.Reply
    {
        let last =
            #"{"choices":[{"delta":{},"finish_reason":"stop"}],"timings":{"prompt_n":1,"prompt_per_second":1,"predicted_n":3,"predicted_per_second":9}}"#
        let events = words.map { #"{"choices":[{"delta":{"content":"\#($0)"},"finish_reason":null}]}"# } + [last, "[DONE]"]
        return .init(
            200, headers: [("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked")],
            chunks: events.map { Array("data: \($0)\n\n".utf8) }, end: end, pause: pause)
    }
}

struct Orders {
    private var words: [String: String] = [:]

    init(_ text: String) {
        for line in text.split(separator: "\n") {
            let halves = line.split(separator: " ", maxSplits: 1)
            guard !halves.isEmpty else { continue }
            words[String(halves[0])] = halves.count == 2 ? String(halves[1]) : ""
        }
    }

    subscript(_ order: String) -> String? { words[order] }
}
