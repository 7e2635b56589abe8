// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

package import Foundation

/// A client that only writes and reads bytes, so that a test decides on when its connection ends.
package final class PlainClient: Sendable {
    private let file: Int32

    package init(_ path: String) throws {
        file = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let isConnected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(file, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0 }
        }
        guard isConnected else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }

    package func post(_ path: String, _ body: Data) throws { try send("POST", path, body) }

    package func send(_ method: String, _ path: String, _ body: Data, headers: [String] = []) throws {
        let lines = ["\(method) \(path) HTTP/1.1", "Host: x", "Content-Type: application/json", "Content-Length: \(body.count)"] + headers
        let bytes = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body
        guard write(file, bytes, bytes.count) == bytes.count else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }

    /// Everything until the server closes the connection.
    package func answer() async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { [file] in
                var (all, piece) = ([UInt8](), [UInt8](repeating: 0, count: 4096))
                while true {
                    let count = read(file, &piece, piece.count)
                    if count <= 0 { break }
                    all += piece[..<count]
                }
                close(file)
                continuation.resume(returning: String(decoding: all, as: UTF8.self))
            }
        }
    }

    package func hangUp() { close(file) }
}
