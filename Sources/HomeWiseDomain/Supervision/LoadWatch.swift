// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Whether an engine that is to become ready still gets there. A slow disk is no hang: reading counts as life, and so do words, but words
/// alone not for ever.
public struct LoadWatch: Sendable {
    /// Seconds.
    public struct Limits: Sendable, Equatable {
        /// Without a word and without a byte read.
        public var silence: Double
        /// Of words without a byte read: everything is in memory by then, and it is not ready.
        public var talk: Double

        public init(silence: Double = 180, talk: Double = 1800) {
            self.silence = silence
            self.talk = talk
        }
    }

    private let limits: Limits
    private var read: Int?
    private var called: Int?
    private var lastRead: Double

    /// Bytes: so many more through calls and faults are the reading of a model. Our own questions come to a hundredth of it in the time
    /// of silence that is allowed.
    static let step = 16 << 20

    /// - Parameter now: seconds on any clock.
    public init(_ limits: Limits, at now: Double) {
        self.limits = limits
        lastRead = now
    }

    /// - Parameters:
    ///   - silence: seconds since its last word.
    ///   - bytes: what it has read from the disk so far; `nil` where the system does not tell.
    ///   - calls: bytes that came to it through calls and faults so far, whatever from. Network disks and those of programs (FUSE) show
    ///     here alone, and so do files that are in memory already.
    /// - Returns: why it is given up, as a clause; `nil` while it goes on.
    public mutating func look(silence: Double, bytes: Int?, calls: Int? = nil, at now: Double) -> String? {
        if let bytes, bytes > (read ?? 0) { lastRead = now }
        read = bytes ?? read
        if let calls, calls - (called ?? 0) >= Self.step { (called, lastRead) = (calls, now) }
        if min(silence, now - lastRead) > limits.silence { return "it said nothing and read nothing for \(Self.text(limits.silence)) s" }
        // Where its reading cannot be seen, more patience stands in for it.
        let talk = read == nil ? limits.talk * 4 : limits.talk
        guard now - lastRead > talk else { return nil }
        return "it talked for \(Self.text(talk)) s, read nothing and was never ready"
    }

    /// It said itself how far it has come.
    public mutating func went(on now: Double) { lastRead = now }

    private static func text(_ seconds: Double) -> String { seconds.rounded(toPlaces: seconds < 10 ? 1 : 0) }
}
