// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// SHA-256 that can be put aside in the middle of a file and gone on with another day (FIPS 180-4). It is plain arithmetic, some
/// times slower than the processor's own instructions, whose state nobody can have: fast enough for what is read slowly on purpose.
public struct HashState: Sendable, Equatable, Codable {
    private var words: [UInt32]
    /// Bytes that were seen: whole blocks alone.
    public private(set) var length: Int64

    /// Bytes that are taken at a time.
    public static let block = 64

    public init() {
        words = [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19]
        length = 0
    }

    /// Whether what was read back somewhere can be a state at all.
    public var isPlausible: Bool { words.count == 8 && length >= 0 && length % Int64(Self.block) == 0 }

    /// - Parameter bytes: whole blocks.
    public mutating func add(_ bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count % Self.block == 0 && words.count == 8, "only whole blocks can be put aside")
        length += Int64(bytes.count)
        guard let start = bytes.baseAddress else { return }
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { schedule in
            Self.rounds.withUnsafeBufferPointer { rounds in
                words.withUnsafeMutableBufferPointer { words in
                    // All three have at least one element, so they lie somewhere.
                    guard let schedule = schedule.baseAddress, let rounds = rounds.baseAddress, let words = words.baseAddress else {
                        return
                    }
                    for offset in stride(from: 0, to: bytes.count, by: Self.block) {
                        Self.mix(start + offset, schedule, rounds, into: words)
                    }
                }
            }
        }
    }

    /// - Parameter rest: what is behind the last whole block.
    /// - Returns: the digest of everything.
    public func finish(_ rest: UnsafeRawBufferPointer) -> Digest {
        var (last, tail) = (self, Array(rest))
        let bits = UInt64(length + Int64(rest.count)) &* 8
        tail.append(0x80)
        while tail.count % Self.block != 56 { tail.append(0) }
        for shift in stride(from: 56, through: 0, by: -8) { tail.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift))) }
        tail.withUnsafeBytes { last.add($0) }
        return Digest(bytes: last.words.flatMap { word in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> $0) } })
    }

    private static func mix(
        _ bytes: UnsafeRawPointer, _ w: UnsafeMutablePointer<UInt32>, _ k: UnsafePointer<UInt32>, into words: UnsafeMutablePointer<UInt32>
    ) {
        var i = 0
        while i < 16 {
            w[i] = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4 &* i, as: UInt32.self))
            i &+= 1
        }
        while i < 64 {
            let (x, y) = (w[i &- 15], w[i &- 2])
            let (low, high) = (turn(x, 7) ^ turn(x, 18) ^ (x &>> 3), turn(y, 17) ^ turn(y, 19) ^ (y &>> 10))
            w[i] = w[i &- 16] &+ low &+ w[i &- 7] &+ high
            i &+= 1
        }
        var (a, b, c, d) = (words[0], words[1], words[2], words[3])
        var (e, f, g, h) = (words[4], words[5], words[6], words[7])
        i = 0
        while i < 64 {
            let first = h &+ (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) &+ ((e & f) ^ (~e & g)) &+ k[i] &+ w[i]
            let second = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) &+ ((a & b) ^ (a & c) ^ (b & c))
            (h, g, f, e) = (g, f, e, d &+ first)
            (d, c, b, a) = (c, b, a, first &+ second)
            i &+= 1
        }
        words[0] &+= a
        words[1] &+= b
        words[2] &+= c
        words[3] &+= d
        words[4] &+= e
        words[5] &+= f
        words[6] &+= g
        words[7] &+= h
    }

    @inline(__always) private static func turn(_ word: UInt32, _ by: UInt32) -> UInt32 { (word &>> by) | (word &<< (32 &- by)) }

    private static let rounds: [UInt32] = [
        0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5, 0xd807_aa98, 0x1283_5b01,
        0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174, 0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc,
        0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da, 0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147,
        0x06ca_6351, 0x1429_2967, 0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
        0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070, 0x19a4_c116, 0x1e37_6c08,
        0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3, 0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208,
        0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
    ]
}
