// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseKit
import Synchronization

/// The events of a download as lines of JSON on standard output: `{"event": "progress", …}`. Programs read these; a reader
/// that does not know an event passes it over.
final class JSONLines: Sendable {
    /// Seconds between two figures of one file.
    private static let pause = 0.5
    private let last = Mutex<[String: Double]>([:])

    private struct Line: Encodable {
        var event: String
        var file: String?
        var model: String?
        var source: String?
        var host: String?
        var digest: Digest?
        var received: Int64?
        var total: Int64?
        var connections: Int?
        var sources: [String]?
        var waiting: String?
        var failure: Failure?
        var text: String?
    }

    func tell(_ event: Event) {
        guard let line = line(for: event) else { return }
        // A value of plain fields is always encoded.
        do { try Terminal.jsonLine([:], line) } catch { Terminal.say("An event could not be written: \(error)") }
    }

    private func line(for event: Event) -> Line? {
        switch event {
        case .progress(let name, let status): progress(name, status)
        case .trying(let model, let source, let host): Line(event: "source", model: model, source: source, host: host)
        case .skipped(let model, let source, let host, let reason):
            Line(event: "skipped", model: model, source: source, host: host, text: reason)
        case .sourceFailed(let model, let source, let failure): Line(event: "source_failed", model: model, source: source, failure: failure)
        case .found(let name, let bytes, let host, let already):
            Line(event: "file", file: name, host: host, received: already.bytes, total: bytes.bytes)
        case .placeGivenUp(let name, let source, let failure): Line(event: "place_given_up", file: name, source: source, failure: failure)
        case .phase(let model, let phase): Line(event: "phase", model: model, text: phase.rawValue)
        case .waiting(let what): Line(event: "waiting", text: what)
        case .mending(let name): Line(event: "mending", file: name)
        case .mended(let name, _, let fetched): Line(event: "mended", file: name, received: fetched.bytes)
        case .verified(let name, let digest, _): Line(event: "verified", file: name, digest: digest)
        case .unpacking(let name): Line(event: "unpacking", file: name)
        case .installed(let model):
            Line(event: "installed", model: "\(model.name):\(model.quantization)", digest: model.digest, total: model.size.bytes)
        case .note(let text): Line(event: "note", text: text)
        default: nil
        }
    }

    private func progress(_ name: String, _ status: TransferStatus) -> Line? {
        let now = Double(DispatchTime.now().uptimeNanoseconds) / 1e9
        let isDue = last.withLock { last in
            guard status.received == status.total || now - (last[name] ?? 0) >= Self.pause else { return false }
            last[name] = now
            return true
        }
        guard isDue else { return nil }
        let waiting: String? =
            switch status.rest {
            case .retrying(let failure, let seconds): "\(failure.message) Next try in \(ProgressLine.time(seconds))."
            case .outsideHours(let window, _): "rests until \(window) begins"
            case nil: nil
            }
        return Line(
            event: "progress", file: name, received: status.received, total: status.total, connections: status.connections,
            sources: status.sources, waiting: waiting)
    }
}

extension Terminal {
    /// One line of JSON on standard output, with further fields before those of the value.
    static func jsonLine(_ fields: [String: String], _ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var text = try String(decoding: encoder.encode(value), as: UTF8.self)
        if !fields.isEmpty {
            let head = try String(decoding: encoder.encode(fields), as: UTF8.self).dropLast()
            text = text == "{}" ? head + "}" : head + "," + text.dropFirst()
        }
        answer(text + "\n")
    }
}
