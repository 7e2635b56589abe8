// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// Reads what a model takes and gives.
struct PortReader {
    let runtime: Runtime
    let session: OpaquePointer

    private static let float: Int32 = 1
    private static let integer: Int32 = 7

    /// - Throws: `Failure.modelNotSupported` for one that we would not know how to fill.
    func inputs() throws -> [RuntimeSession.Input] {
        let ports = try read(runtime.inputCount, runtime.inputName, runtime.inputType)
        let inputs = try ports.map { port in
            guard let input = RuntimeSession.Input(rawValue: port.name) else {
                throw Failure.modelNotSupported("it has an input “\(port.name.prefix(60))”, which is not one of a text model")
            }
            guard port.type == Self.integer, port.rank == 2 else {
                throw Failure.modelNotSupported("its input “\(port.name)” is of another type than 64-bit integers")
            }
            return input
        }
        guard inputs.contains(.tokens) else { throw Failure.modelNotSupported("it has no input “input_ids”") }
        // Without it padding would count as text.
        guard inputs.contains(.mask) else { throw Failure.modelNotSupported("it has no input “attention_mask”") }
        return inputs
    }

    /// - Throws: `Failure.modelNotSupported` where none holds vectors that we know.
    func output() throws -> RuntimeSession.Output {
        let ports = try read(runtime.outputCount, runtime.outputName, runtime.outputType).filter { $0.type == Self.float }
        guard let output = RuntimeSession.Output.choose(from: ports.map { ($0.name, $0.rank) }) else {
            throw Failure.modelNotSupported(
                "none of its outputs holds vectors (last_hidden_state, token_embeddings or sentence_embedding, 32-bit floats)")
        }
        return output
    }

    private struct Port {
        var name: String
        var type: Int32
        var rank: Int
    }

    private func read(
        _ count: (OpaquePointer?, UnsafeMutablePointer<Int>) -> OpaquePointer?,
        _ name: (OpaquePointer?, Int, OpaquePointer?, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> OpaquePointer?,
        _ type: (OpaquePointer?, Int, UnsafeMutablePointer<OpaquePointer?>) -> OpaquePointer?
    ) throws(RuntimeError) -> [Port] {
        var ports = 0
        try runtime.check(count(session, &ports))
        let allocator = try runtime.make { runtime.defaultAllocator($0) }
        var found: [Port] = []
        for place in 0..<ports {
            var text: UnsafeMutablePointer<CChar>?
            try runtime.check(name(session, place, allocator, &text))
            guard let text else { throw RuntimeError(text: "a port has no name") }
            let port = String(cString: text)
            try runtime.check(runtime.free(allocator, text))
            let info = try runtime.make { type(session, place, $0) }
            defer { runtime.releaseType(info) }
            var tensor: OpaquePointer?
            try runtime.check(runtime.tensorInfo(info, &tensor))
            // What is no tensor has no such description.
            guard let tensor else { continue }
            var element: Int32 = 0
            var rank = 0
            try runtime.check(runtime.elementType(tensor, &element))
            try runtime.check(runtime.rank(tensor, &rank))
            found.append(Port(name: port, type: element, rank: rank))
        }
        return found
    }

    /// The dimensions of a tensor.
    static func shape(of value: OpaquePointer, _ runtime: Runtime) throws(RuntimeError) -> [Int] {
        let info = try runtime.make { runtime.typeAndShape(value, $0) }
        defer { runtime.releaseShape(info) }
        var rank = 0
        try runtime.check(runtime.rank(info, &rank))
        var dimensions = [Int64](repeating: 0, count: rank)
        try runtime.check(runtime.dimensions(info, &dimensions, rank))
        return dimensions.map { Int(clamping: $0) }
    }
}
