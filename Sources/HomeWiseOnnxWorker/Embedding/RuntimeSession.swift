// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// A loaded model of onnxruntime with inputs and outputs that we know. Belongs to one actor.
final class RuntimeSession {
    private let runtime: Runtime
    private let environment: OpaquePointer
    private let session: OpaquePointer
    private let memory: OpaquePointer
    private let inputs: [Input]
    private let output: Output

    /// Inputs by the names that models of this family have.
    enum Input: String { case tokens = "input_ids", mask = "attention_mask", types = "token_type_ids" }

    /// What is taken of the outputs: the vectors of the tokens, or the text's own.
    enum Output: Equatable {
        case tokens(String)
        case sentence(String)

        var name: String {
            switch self {
            case .tokens(let name), .sentence(let name): name
            }
        }

        /// The vectors of the tokens are preferred: how they are pooled stands beside the model.
        static func choose(from outputs: [(name: String, rank: Int)]) -> Output? {
            for name in ["last_hidden_state", "token_embeddings"] {
                if outputs.contains(where: { $0.name == name && $0.rank == 3 }) { return .tokens(name) }
            }
            return outputs.contains { $0.name == "sentence_embedding" && $0.rank == 2 } ? .sentence("sentence_embedding") : nil
        }
    }

    /// - Throws: `RuntimeError` in the library's words; `Failure.modelNotSupported` for inputs and outputs of another kind.
    init(_ runtime: Runtime, file: String, threads: Int) throws {
        self.runtime = runtime
        // 3: errors alone.
        environment = try runtime.make { runtime.createEnvironment(3, "homewise", $0) }
        let options = try runtime.make { runtime.createOptions($0) }
        defer { runtime.releaseOptions(options) }
        try runtime.check(runtime.setThreads(options, Int32(clamping: threads)))
        // A thread that waits by spinning takes a core from the rest of the house.
        try runtime.check(runtime.addConfigEntry(options, "session.intra_op.allow_spinning", "0"))
        session = try runtime.make { [environment] in runtime.createSession(environment, file, options, $0) }
        memory = try runtime.make { runtime.createMemoryInfo(0, 0, $0) }
        let reader = PortReader(runtime: runtime, session: session)
        inputs = try reader.inputs()
        output = try reader.output()
    }

    deinit {
        runtime.releaseMemoryInfo(memory)
        runtime.releaseSession(session)
        runtime.releaseEnvironment(environment)
    }

    /// Computes a batch, shorter texts padded behind their end and masked there.
    ///
    /// - Parameter brake: ends it wherever it is.
    func run(_ texts: [[Int32]], padding: Int32, _ brake: Brake) throws -> BatchOutput {
        let length = texts.map(\.count).max() ?? 0
        var shape = [Int64(texts.count), Int64(length)]
        // The tensors look into these, which must not move until the run is over.
        let buffers = inputs.map { Self.buffer($0, texts, length: length, padding: padding) }
        var values: [OpaquePointer?] = []
        defer {
            for value in values { runtime.releaseValue(value) }
            for buffer in buffers { buffer.deallocate() }
        }
        for buffer in buffers {
            let bytes = buffer.count * MemoryLayout<Int64>.stride
            // 7: 64-bit integers.
            try values.append(runtime.make { runtime.createTensor(memory, buffer.baseAddress, bytes, &shape, 2, 7, $0) })
        }
        return try BatchOutput(
            runtime, compute(values, brake), isPooled: output == .sentence(output.name), texts: texts.count, length: length)
    }

    private static func buffer(_ input: Input, _ texts: [[Int32]], length: Int, padding: Int32) -> UnsafeMutableBufferPointer<Int64> {
        let buffer = UnsafeMutableBufferPointer<Int64>.allocate(capacity: texts.count * length)
        for (row, tokens) in texts.enumerated() {
            for place in 0..<length {
                let isText = place < tokens.count
                let value =
                    switch input {
                    case .tokens: Int64(isText ? tokens[place] : padding)
                    case .mask: Int64(isText ? 1 : 0)
                    case .types: Int64(0)
                    }
                buffer.initializeElement(at: row * length + place, to: value)
            }
        }
        return buffer
    }

    private func compute(_ values: [OpaquePointer?], _ brake: Brake) throws(RuntimeError) -> OpaquePointer {
        let options = try RunOptions(runtime)
        brake.attach { options.terminate() }
        defer { brake.detach() }
        let names = inputs.map { strdup($0.rawValue) }
        let wanted = strdup(output.name)
        defer {
            for name in names { free(name) }
            free(wanted)
        }
        let inputNames = names.map { UnsafePointer($0) }
        var outputName: UnsafePointer<CChar>? = UnsafePointer(wanted)
        return try runtime.make { runtime.run(session, options.pointer, inputNames, values, values.count, &outputName, 1, $0) }
    }
}

/// Through these a run is ended from another thread.
private final class RunOptions: Sendable {
    private let runtime: Runtime
    private let address: UInt

    init(_ runtime: Runtime) throws(RuntimeError) {
        self.runtime = runtime
        address = try UInt(bitPattern: runtime.make { runtime.createRunOptions($0) })
    }

    deinit { runtime.releaseRunOptions(pointer) }

    var pointer: OpaquePointer? { OpaquePointer(bitPattern: address) }

    func terminate() {
        // It sets a flag, and has no way to fail.
        _ = try? runtime.check(runtime.terminate(pointer))
    }
}

/// What a batch came to. Frees the library's memory with it.
final class BatchOutput {
    private let runtime: Runtime
    private let value: OpaquePointer
    private let data: UnsafePointer<Float>
    /// Of the batch: tokens of each text with padding, figures of each.
    private let tokens: Int
    private let width: Int

    /// - Parameters:
    ///   - texts: how many went in.
    ///   - length: tokens of each, with padding.
    /// - Throws: `RuntimeError` for an output of another size: a model that was made for one text alone, say.
    init(_ runtime: Runtime, _ value: OpaquePointer, isPooled: Bool, texts: Int, length: Int) throws {
        self.runtime = runtime
        self.value = value
        do {
            let shape = try PortReader.shape(of: value, runtime)
            var pointer: UnsafeMutableRawPointer?
            try runtime.check(runtime.tensorData(value, &pointer))
            guard let pointer, let width = shape.last, width > 0, shape == (isPooled ? [texts, width] : [texts, length, width]) else {
                throw RuntimeError(text: "the output has the shape \(shape) for \(texts) texts of \(length) tokens")
            }
            data = UnsafePointer(pointer.assumingMemoryBound(to: Float.self))
            (tokens, self.width) = (isPooled ? 1 : length, width)
        } catch {
            runtime.releaseValue(value)
            throw error
        }
    }

    deinit { runtime.releaseValue(value) }

    func vector(of text: Int, tokens count: Int, _ pooling: Pooling) -> [Float] {
        let own = UnsafeBufferPointer(start: data + text * tokens * width, count: tokens * width)
        return pooling.pool(own, tokens: min(count, tokens), width: width)
    }
}
