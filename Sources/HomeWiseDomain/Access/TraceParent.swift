// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Where a request belongs in a larger piece of work (W3C Trace Context, `traceparent`). Read strictly: one that is not exactly of
/// this form is as good as none.
public struct TraceParent: Sendable, Equatable, CustomStringConvertible {
    /// 32 hexadecimal digits.
    public let trace: String
    /// 16 hexadecimal digits: the step that asks.
    public let parent: String
    public let flags: String

    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8.prefix(56))
        guard bytes.count >= 55, bytes[2] == 0x2d, bytes[35] == 0x2d, bytes[52] == 0x2d else { return nil }
        let parts = [bytes[0..<2], bytes[3..<35], bytes[36..<52], bytes[53..<55]]
        guard parts.allSatisfy({ $0.allSatisfy { 0x30...0x39 ~= $0 || 0x61...0x66 ~= $0 } }) else { return nil }
        let words = parts.map { String(decoding: $0, as: UTF8.self) }
        // A later version may say more behind a hyphen; ours says nothing more.
        guard words[0] != "ff", bytes.count == 55 || (words[0] != "00" && bytes[55] == 0x2d) else { return nil }
        guard parts[1].contains(where: { $0 != 0x30 }), parts[2].contains(where: { $0 != 0x30 }) else { return nil }
        (trace, parent, flags) = (words[1], words[2], words[3])
    }

    private init(trace: String, parent: String, flags: String) { (self.trace, self.parent, self.flags) = (trace, parent, flags) }

    /// The same trace with a step of ours, to be passed on.
    ///
    /// - Parameter step: any number but 0, which stands for no step.
    public func child(_ step: UInt64) -> TraceParent {
        let digits = String(max(1, step), radix: 16)
        return TraceParent(trace: trace, parent: String(repeating: "0", count: 16 - digits.count) + digits, flags: flags)
    }

    public var description: String { "00-\(trace)-\(parent)-\(flags)" }
}
