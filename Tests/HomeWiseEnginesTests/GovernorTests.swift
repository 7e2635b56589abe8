// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseEngines

/// The library as it is compiled here, in front of a small program that has the engine's two functions.
@Suite(.temporaryFolder) struct GovernorTests {
    private var host: EngineHost {
        EngineHost(
            guardProgram: Products.homewise, runFolder: TemporaryFolder.path, logFolder: TemporaryFolder.path,
            environment: ProcessInfo.processInfo.environment)
    }

    /// Says the number of threads at each of three steps, and waits for a line before each.
    private static let engine = """
        #include <stdio.h>
        extern int llama_process(void *, int, void *);
        int main(void) { char line[8]; for (int i = 0; i < 3 && fgets(line, 8, stdin); i++) { llama_process(0, 0, 0); fflush(stdout); } }
        """
    private static let functions = """
        #include <stdio.h>
        static int threads = 8;
        void llama_set_n_threads(void *c, int n, int b) { (void)c; (void)b; threads = n; }
        int llama_process(void *c, int t, void *b) { (void)c; (void)t; (void)b; return printf("%d\\n", threads); }
        """

    private func compile(_ code: String, _ name: String, _ more: [String]) async throws {
        let path = TemporaryFolder.path + "/" + name
        try Data(code.utf8).write(to: URL(filePath: path + ".c"))
        let compiler = try #require(host.find("cc"))
        let (exit, lines) = try await host.process(compiler, ["-o", path, path + ".c"] + more).run(within: .seconds(30))
        try #require(exit?.isSuccess == true, "\(lines)")
    }

    @Test func threadsFollowTheBoardBetweenTwoSteps() async throws {
        let folder = TemporaryFolder.path
        let library = try #require(await GovernorLibrary(host: host, folder: folder + "/governor").made().path)
        try await compile(Self.functions, "libengine.so", ["-shared", "-fPIC"])
        try await compile(Self.engine, "engine", ["-L" + folder, "-lengine", "-Wl,-rpath," + folder])
        let board = try GovernorBoard(path: folder + "/board", threads: 2)
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = URL(filePath: folder + "/engine")
        process.environment = ["LD_PRELOAD": library, GovernorBoard.variable: board.path]
        (process.standardInput, process.standardOutput) = (input, output)
        try process.run()
        for threads in [2, 1, 5] {
            board.set(threads)
            try input.fileHandleForWriting.write(contentsOf: Data("go\n".utf8))
            let said = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
            #expect(said == "\(threads)\n" && board.inForce == threads)
        }
        #expect(board.steps == 3)
        process.waitUntilExit()
    }

    @Test func aProgramWithoutTheFunctionsIsLeftAlone() async throws {
        let library = try #require(await GovernorLibrary(host: host, folder: TemporaryFolder.path).made().path)
        let (exit, _) = try await host.process("/bin/true", [], adding: ["LD_PRELOAD": library]).run(within: .seconds(5))
        #expect(exit?.isSuccess == true)
    }

    @Test func theBoardIsGoneWithItsOwner() throws {
        let path = TemporaryFolder.path + "/board"
        do { _ = try GovernorBoard(path: path, threads: 1) }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func withoutACompilerThereIsAReason() async throws {
        var host = host
        host.environment["PATH"] = "/nonexistent"
        let made = try await GovernorLibrary(host: host, folder: TemporaryFolder.path + "/g").made()
        #expect(made.path == nil && made.reason == "no C compiler is here")
    }
}
