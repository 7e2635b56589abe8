// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// A note of what would lie on the stack.
enum PickleValue: Equatable {
    enum Container { case dictionary, list, set }

    /// Something that is of no interest.
    case other
    case integer(Int64)
    case text(String)
    indirect case tuple([PickleValue], depth: Int)
    case global(String)
    case container(Container)
    case storage(String)
    case type(String)
    case tensor(PickleListing.Tensor)

    /// Deeper and longer ones are no shapes; keeping them would let a file choose how deep the call stack goes.
    static func tuple(of items: some Collection<PickleValue>) -> PickleValue {
        let depth = 1 + (items.map(\.depth).max() ?? 0)
        return items.count <= 16 && depth <= 4 ? .tuple(Array(items), depth: depth) : .other
    }

    private var depth: Int {
        if case .tuple(_, let depth) = self { depth } else { 0 }
    }

    var integer: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }

    var text: String? {
        if case .text(let value) = self { value } else { nil }
    }

    var items: [PickleValue]? {
        if case .tuple(let items, _) = self { items } else { nil }
    }

    /// The numbers of a tuple of numbers.
    var integers: [Int64]? {
        guard let items else { return nil }
        let numbers = items.compactMap(\.integer)
        return numbers.count == items.count ? numbers : nil
    }
}

/// Why a walk ended early.
struct PickleDoubt: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}

/// The stack, the memo and the cursor of a walk.
struct PickleMachine {
    /// Values on the stack, and values remembered: real files need a few for each tensor.
    private static let mostValues = 1_000_000

    private let bytes: ArraySlice<UInt8>
    private var offset: Int
    /// Where the present frame ends; nothing may reach across it. `nil` outside of frames.
    private var frameEnd: Int?
    private(set) var stack: [PickleValue] = []
    private var marks: [Int] = []
    private var memo: [Int: PickleValue] = [:]
    private var known: Set<String> = []
    var listing = PickleListing()

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        offset = bytes.startIndex
    }

    mutating func run() {
        do throws(PickleDoubt) {
            while try step() {}
        } catch {
            note(error.reason)
        }
        listing.length = offset - bytes.startIndex
    }

    /// - Returns: whether the pickle goes on.
    private mutating func step() throws(PickleDoubt) -> Bool {
        if offset == frameEnd { frameEnd = nil }
        let code = try byte()
        guard code != UInt8(ascii: ".") else {
            // What is left over is never built, but no writer leaves anything.
            guard stack.count == 1, marks.isEmpty else { throw PickleDoubt("it ends with \(stack.count) values on the stack") }
            return false
        }
        if try handleScalar(code) { return true }
        if try handleText(code) { return true }
        if try handleContainer(code) { return true }
        if try handleMemo(code) { return true }
        if try handleCall(code) { return true }
        throw PickleDoubt("opcode \(code) is unknown")
    }

    /// Keeps a doubt and walks on, to list what else is named. The first one is told.
    mutating func note(_ reason: String) { listing.doubt = listing.doubt ?? reason }

    // MARK: Cursor

    private var limit: Int { frameEnd ?? bytes.endIndex }

    /// Begins a frame (protocol 4). It must lie within the file and in no other one: readers differ in what they do otherwise.
    mutating func enterFrame(of length: Int) throws(PickleDoubt) {
        guard length <= limit - offset else { throw PickleDoubt("a frame reaches beyond the end") }
        guard frameEnd == nil || offset == frameEnd else { throw PickleDoubt("a frame begins in another one") }
        frameEnd = offset + length
    }

    mutating func byte() throws(PickleDoubt) -> UInt8 {
        guard offset < limit else { throw PickleDoubt("it is cut off") }
        defer { offset += 1 }
        return bytes[offset]
    }

    mutating func take(_ count: Int) throws(PickleDoubt) -> ArraySlice<UInt8> {
        guard count >= 0, count <= limit - offset else { throw PickleDoubt("it is cut off") }
        defer { offset += count }
        return bytes[offset..<(offset + count)]
    }

    mutating func number<Number: FixedWidthInteger>(_ type: Number.Type) throws(PickleDoubt) -> Int {
        guard let value = try take(Number.bitWidth / 8).littleEndian(type, at: 0), let number = Int(exactly: value) else {
            throw PickleDoubt("a length is beyond any file")
        }
        return number
    }

    /// The bytes up to a line feed, which is taken too.
    mutating func line() throws(PickleDoubt) -> ArraySlice<UInt8> {
        guard let end = bytes[offset..<limit].firstIndex(of: 0x0A) else { throw PickleDoubt("it is cut off") }
        defer { offset = end + 1 }
        return bytes[offset..<end]
    }

    // MARK: Stack

    mutating func push(_ value: PickleValue) throws(PickleDoubt) {
        guard stack.count < Self.mostValues else { throw PickleDoubt("its stack is deeper than any tensor file's") }
        stack.append(value)
    }

    /// Takes the topmost value, which no mark may lie on.
    mutating func pop() throws(PickleDoubt) -> PickleValue {
        guard stack.count > marks.last ?? 0, let value = stack.popLast() else { throw PickleDoubt("its stack runs empty") }
        return value
    }

    mutating func top() throws(PickleDoubt) -> PickleValue {
        guard stack.count > marks.last ?? 0, let value = stack.last else { throw PickleDoubt("its stack runs empty") }
        return value
    }

    mutating func mark() throws(PickleDoubt) {
        guard marks.count < Self.mostValues else { throw PickleDoubt("its stack is deeper than any tensor file's") }
        marks.append(stack.count)
    }

    /// Takes all values above the topmost mark, and the mark.
    mutating func popToMark() throws(PickleDoubt) -> ArraySlice<PickleValue> {
        guard let mark = marks.popLast(), mark <= stack.count else { throw PickleDoubt("a mark is missing") }
        // A copy of these alone: a slice would keep the whole stack, and each removal would copy all of it.
        let items = ArraySlice(Array(stack[mark...]))
        stack.removeSubrange(mark...)
        return items
    }

    var isAtMark: Bool { marks.last == stack.count }
    mutating func dropMark() { marks.removeLast() }

    // MARK: Memo

    mutating func remember(_ index: Int? = nil) throws(PickleDoubt) {
        guard memo.count < Self.mostValues else { throw PickleDoubt("it remembers more than any tensor file") }
        memo[index ?? memo.count] = try top()
    }

    mutating func recall(_ index: Int) throws(PickleDoubt) {
        guard let value = memo[index] else { throw PickleDoubt("it recalls what it did not remember") }
        try push(value)
    }

    // MARK: Globals

    /// Lists a name and puts it on the stack.
    mutating func name(_ module: String, _ name: String) throws(PickleDoubt) {
        // “a” + “b.c” and “a.b” + “c” would read the same here.
        if name.contains(".") || module.isEmpty { note("a global's name has a path in it") }
        let global = "\(module).\(name)"
        if known.insert(global).inserted, listing.globals.count < 10_000 { listing.globals.append(UntrustedName.printableGlobal(global)) }
        try push(.global(global))
    }
}
