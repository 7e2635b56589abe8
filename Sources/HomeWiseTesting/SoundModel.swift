// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain

/// A small model that our parsers take: a whole GGUF header and made-up weights, filled up with noise to exactly so many bytes.
///
/// - Parameters:
///   - count: bytes; some 40 kB or more.
///   - orders: for `FakeEngine`, a line each.
///   - template: how it wants to be talked to.
package func soundModel(_ count: Int, seed: UInt64 = 1, orders: [String] = [], template: String? = nil) -> [UInt8] {
    var model = SyntheticModel(
        layers: 1, embedding: 32, feedForward: 32, heads: 1, kvHeads: 1, headSize: 32, vocabulary: 32, type: .plain)
    model.contextLength = 2048
    var draft = model.draft()
    draft.metadata.append(("general.description", .text("sound\n" + orders.map { $0 + "\n" }.joined())))
    if let template { draft.metadata.append(("tokenizer.chat_template", .text(template))) }
    let (header, length) = draft.header()
    precondition(Int64(count) >= length, "a sound model has \(length) bytes or more")
    return header + noise(count - header.count, seed: seed)
}
