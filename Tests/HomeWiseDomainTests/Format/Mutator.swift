// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Damages bytes a little, the same way for the same seed, so that a failure can be had again.
///
/// ```swift
/// var mutator = Mutator(seed: 7)
/// for _ in 0..<20_000 { parse(mutator.mutate(sound)) }
/// ```
struct Mutator {
    private var random: SplitMix64

    init(seed: UInt64) { random = SplitMix64(state: seed) }

    /// Numbers that parsers get wrong: ends of ranges, and one beside them.
    private static let edges: [UInt64] = [
        0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 1 << 40, 0x7FFF_FFFF_FFFF_FFFF, 1 << 63, .max,
    ]

    /// - Returns: the bytes with one to three changes.
    mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<(1 + below(3)) { change(&bytes) }
        return bytes
    }

    private mutating func change(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return bytes.append(byte()) }
        let place = below(bytes.count)
        switch below(8) {
        case 0: bytes[place] ^= 1 << UInt8(below(8))
        case 1: bytes[place] = byte()
        case 2: bytes.insert(byte(), at: place)
        case 3: bytes.remove(at: place)
        case 4: bytes.removeSubrange(place...)
        case 5: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 1 + below(16))], at: below(bytes.count))
        case 6: bytes.swapAt(place, below(bytes.count))
        default: overwrite(&bytes, at: place)
        }
    }

    /// Puts an edge of 1, 2, 4 or 8 bytes there, little-endian.
    private mutating func overwrite(_ bytes: inout [UInt8], at place: Int) {
        let edge = Self.edges[below(Self.edges.count)]
        for index in 0..<(1 << below(4)) where place + index < bytes.count {
            bytes[place + index] = UInt8(truncatingIfNeeded: edge >> (8 * index))
        }
    }

    /// - Returns: a number from zero to below the limit.
    mutating func below(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }

    private mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: random.next()) }
}

/// Sebastiano Vigna's generator of 2015: small, seeded and good enough to choose bytes.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
