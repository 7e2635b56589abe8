// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Whether an answer still comes. Reading a long prompt is no hang, however slow the machine: work that the processor does counts as
/// life. But work without a word ends too, and nobody writes without end.
public struct AnswerWatch: Sendable {
    public struct Limits: Sendable, Equatable {
        /// Seconds without an event and without work.
        public var still: Double
        /// Seconds of work before the first word.
        public var first: Double
        /// Seconds of work between two words.
        public var next: Double
        /// Bytes of the whole answer, as it comes over the line.
        public var bytes: Int

        public init(still: Double, first: Double, next: Double, bytes: Int = 64 << 20) {
            self.still = still
            self.first = first
            self.next = next
            self.bytes = bytes
        }

        /// - Parameters:
        ///   - promptBytes: of the request. A quarter of it is tokens, and who reads less than one a second does not read.
        ///   - isOnProcessorAlone: another device works while the processor waits for it, so stillness proves less.
        public init(promptBytes: Int, isOnProcessorAlone: Bool) {
            self.init(still: isOnProcessorAlone ? 60 : 600, first: 900 + Double(max(0, promptBytes)) / 4, next: 300)
        }
    }

    public enum Fault: Sendable, Equatable {
        case still(seconds: Double)
        case busy(seconds: Double, isFirst: Bool)
        case tooLong(bytes: Int)

        public var words: String {
            switch self {
            case .still(let seconds): "it neither wrote nor worked for \(seconds.rounded(toPlaces: seconds < 10 ? 1 : 0)) s"
            case .busy(let seconds, let isFirst):
                "it worked for \(seconds.rounded(toPlaces: seconds < 10 ? 1 : 0)) s without \(isFirst ? "a" : "another") word"
            case .tooLong(let bytes): "its answer is longer than \(ByteCount(Int64(bytes)))"
            }
        }
    }

    /// Seconds of processor time that count as work; one that waits takes less, whatever its other threads do now and then.
    private static let leastWork = 0.05

    public let limits: Limits
    private var lastLife: Double
    private var lastWord: Double
    private var work: Double?
    private var bytes = 0
    private var hasWritten = false

    /// - Parameter now: seconds on a clock that stands still while the machine sleeps.
    public init(_ limits: Limits, at now: Double) {
        self.limits = limits
        (lastLife, lastWord) = (now, now)
    }

    /// Bytes have come, whatever they say. They are no life: a thread that keeps the line open writes comments for ever beside one that hangs.
    ///
    /// - Returns: a fault where they are too many.
    public mutating func heard(_ count: Int, at now: Double) -> Fault? {
        let (sum, isOver) = bytes.addingReportingOverflow(count)
        bytes = isOver ? .max : sum
        return bytes > limits.bytes ? .tooLong(bytes: limits.bytes) : nil
    }

    /// A whole event has come that says something, such as how much of the prompt is read; a comment is none.
    public mutating func told(at now: Double) { lastLife = now }

    /// A word of the answer has come.
    public mutating func wrote(at now: Double) { (lastLife, lastWord, hasWritten) = (now, now, true) }

    /// - Parameter work: seconds of processor time that the engine has taken so far; `nil` where the system does not tell, which counts
    ///   as life.
    public mutating func look(work now: Double?, at time: Double) -> Fault? {
        guard let now else { return looked(isAlive: true, at: time) }
        let isAlive = work.map { now - $0 >= Self.leastWork } ?? true
        if isAlive { work = now }
        return looked(isAlive: isAlive, at: time)
    }

    private mutating func looked(isAlive: Bool, at time: Double) -> Fault? {
        if isAlive { lastLife = time }
        if time - lastLife > limits.still { return .still(seconds: limits.still) }
        let limit = hasWritten ? limits.next : limits.first
        return time - lastWord > limit ? .busy(seconds: limit, isFirst: !hasWritten) : nil
    }
}
