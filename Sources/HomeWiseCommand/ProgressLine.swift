// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import Synchronization

/// One line that is rewritten in place for a person, and written every few seconds for a log.
final class ProgressLine: Sendable {
    private struct State {
        var name: String?
        var unit = Unit.bytes
        var meter = RateMeter()
        var current: Int64 = 0
        var total: Int64 = 0
        var begun = 0.0
        var first: Int64 = 0
        var lastDrawn = 0.0
        /// Connections and places, or why nothing comes in.
        var note = ""
        var ticker: (any DispatchSourceTimer)?
    }

    private enum Unit { case bytes, steps }

    /// There is one terminal, and so one line.
    static let shared = ProgressLine()

    private let state = Mutex(State())
    private static let redraw = Terminal.isPerson ? 0.1 : 5.0

    private static var now: Double { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }

    func update(_ name: String, _ status: TransferStatus) { update(name, .bytes, status.received, status.total, Self.note(status)) }

    func update(step: Int, of total: Int) { update("Building", .steps, Int64(step), Int64(total)) }

    private static func note(_ status: TransferStatus) -> String {
        switch status.rest {
        case .retrying(let failure, let seconds): ", waiting: \(failure.message) Next try in \(time(seconds))"
        case .outsideHours(let window, let seconds): ", rests until \(window) begins, in \(time(Double(seconds)))"
        case nil: status.sources.count > 1 ? ", from \(Set(status.sources).sorted().joined(separator: " and "))" : ""
        }
    }

    private func update(_ name: String, _ unit: Unit, _ current: Int64, _ total: Int64, _ note: String = "") {
        let now = Self.now
        state.withLock { state in
            if state.name != name { begin(&state, name, unit, current, now) }
            state.current = current
            state.note = note
            state.total = total
            state.meter.record(bytes: state.current, at: now)
            if now - state.lastDrawn >= Self.redraw { draw(&state, now) }
        }
    }

    private func begin(_ state: inout State, _ name: String, _ unit: Unit, _ current: Int64, _ now: Double) {
        end(&state)
        state.name = name
        state.unit = unit
        state.meter = RateMeter()
        (state.current, state.first, state.begun, state.lastDrawn) = (current, current, now, now)
        let ticker = DispatchSource.makeTimerSource()
        // A stall brings no events: the line must fall to zero all the same.
        ticker.schedule(deadline: .now() + 1, repeating: Self.redraw * 5)
        ticker.setEventHandler { [weak self] in self?.state.withLock { if $0.name != nil { self?.draw(&$0, Self.now) } } }
        ticker.resume()
        state.ticker = ticker
    }

    func finish() { state.withLock { end(&$0) } }

    private func end(_ state: inout State) {
        state.ticker?.cancel()
        state.ticker = nil
        guard state.name != nil else { return }
        let seconds = max(Self.now - state.begun, 0.001)
        let moved = state.current - state.first
        let text =
            state.unit == .bytes
            ? "\(ByteCount(state.current)) of \(ByteCount(state.total)) in \(seconds.rounded(toPlaces: 1)) s, \(ByteCount(Int64(Double(moved) / seconds)))/s"
            : "\(state.current) of \(state.total) steps in \(seconds.rounded(toPlaces: 0)) s"
        Terminal.write((Terminal.isPerson ? "\r\u{1b}[K" : "") + "           \(text)\n", to: STDERR_FILENO)
        state.name = nil
    }

    private func draw(_ state: inout State, _ now: Double) {
        state.lastDrawn = now
        let rate = state.meter.bytesPerSecond(at: now) ?? 0
        let left = state.meter.secondsLeft(to: state.total, at: now).map { ", \(Self.time($0)) left" } ?? ""
        let text =
            switch state.unit {
            case .bytes: "\(ByteCount(state.current)) of \(ByteCount(state.total)), \(ByteCount(Int64(rate)))/s\(left)\(state.note)"
            case .steps: "step \(state.current) of \(state.total)\(buildTime(state, now))"
            }
        Terminal.write(Terminal.isPerson ? "\r\u{1b}[K           \(text)" : "           \(text)\n", to: STDERR_FILENO)
    }

    /// Steps are too few for a rate over seconds: the mean since the beginning tells.
    private func buildTime(_ state: State, _ now: Double) -> String {
        let done = state.current - state.first
        guard done > 0, now - state.begun > 5 else { return "" }
        return ", \(Self.time((now - state.begun) / Double(done) * Double(state.total - state.current))) left"
    }

    static func time(_ seconds: Double) -> String {
        let whole = Int(min(max(seconds, 0), 8_640_000).rounded())
        return whole < 90 ? "\(whole) s" : whole < 5400 ? "\((whole + 30) / 60) min" : "\((whole + 1800) / 3600) h"
    }
}
