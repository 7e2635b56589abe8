// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Dispatch
import Foundation

/// A client that sends bytes as a test says, well-formed or not.
final class RawClient: Sendable {
    let descriptor: Int32

    init?(port: Int) {
        descriptor = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, length) }
        }
        guard status == 0 else { return nil }
    }

    deinit { close(descriptor) }

    /// - Returns: whether all of it was taken.
    @discardableResult func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    @discardableResult func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// All until the other side ends, or for so many seconds says nothing.
    func readAll(atMost limit: Int = 1 << 20) -> (text: String, isEnded: Bool) {
        var all: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while all.count < limit {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else { return (String(decoding: all, as: UTF8.self), count == 0 || errno == ECONNRESET) }
            all += chunk[..<count]
        }
        return (String(decoding: all, as: UTF8.self), false)
    }
}

/// An answer, taken apart just so far.
struct RawAnswer: Sendable {
    let text: String
    var status: Int { Int(text.dropFirst(9).prefix(3)) ?? 0 }
    var head: String { text.components(separatedBy: "\r\n\r\n")[0].lowercased() }
    var body: String { text.components(separatedBy: "\r\n\r\n").dropFirst().joined(separator: "\r\n\r\n") }
}

/// Blocking work, off the threads that the server needs.
func blocking<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in DispatchQueue.global().async { continuation.resume(returning: work()) } }
}

extension House {
    /// One request on a connection of its own.
    func ask(_ bytes: String) async -> RawAnswer {
        let port = port
        return await blocking {
            guard let client = RawClient(port: port) else { return RawAnswer(text: "") }
            client.send(bytes)
            return RawAnswer(text: client.readAll().text)
        }
    }

    func ask(_ method: String, _ path: String, host: String? = nil, _ fields: [(String, String)] = [], body: String? = nil) async
        -> RawAnswer
    {
        var lines = ["\(method) \(path) HTTP/1.1", "Host: \(host ?? "127.0.0.1:\(port)")", "Connection: close"]
        lines += fields.map { "\($0.0): \($0.1)" }
        if let body { lines.append("Content-Length: \(body.utf8.count)") }
        return await ask(lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? ""))
    }
}

/// `nil` where there is no such file.
func permissions(of path: String) -> Int? {
    (try? FileManager.default.attributesOfItem(atPath: path))?[.posixPermissions] as? Int
}
