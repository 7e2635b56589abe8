// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import ArgumentParser

/// How the worker is launched (by the manager, not by people).
struct WorkerOptions: ParsableArguments {
    enum Purpose: String, ExpressibleByArgument { case chat, embedding }

    @Option(help: "Folder with the model's files under their real names.")
    var model: String
    @Option(help: "Name that the model is listed under.")
    var alias: String
    @Option(help: "Path of the Unix socket to serve on.")
    var socket: String
    @Option(help: "Folder with libonnxruntime and libonnxruntime-genai.")
    var libraries: String
    @Option(help: "Threads to compute with.")
    var threads = 1
    @Option(help: "Tokens of prompt and answer together, at most; for embeddings, of one text.")
    var context = 2048
    @Option(help: "chat (and plain completion), or embedding.")
    var purpose = Purpose.chat

    /// A path of more bytes does not fit a socket's address.
    private static let longestSocket = 103

    func validate() throws {
        guard 1...1024 ~= threads else { throw ValidationError("--threads is \(threads), and must be from 1 to 1024") }
        guard 8...(1 << 24) ~= context else { throw ValidationError("--context is \(context), and must be from 8 to \(1 << 24)") }
        guard !alias.isEmpty else { throw ValidationError("--alias is empty") }
        guard 1...Self.longestSocket ~= socket.utf8.count else {
            throw ValidationError("--socket has \(socket.utf8.count) bytes, and must have from 1 to \(Self.longestSocket)")
        }
    }
}
