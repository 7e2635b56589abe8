// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// Lays the header of a small model over the beginning of a file, so that what is otherwise noise passes for one: a pull
/// takes nothing that is none.
struct ModelBench {
    let file: String

    func run() throws {
        var model = SyntheticModel(
            layers: 1, embedding: 32, feedForward: 32, heads: 1, kvHeads: 1, headSize: 32, vocabulary: 32, type: .plain)
        model.contextLength = 2048
        let handle = try FileHandle(forUpdating: URL(filePath: file))
        try handle.write(contentsOf: Data(model.draft().header().0))
        try handle.close()
    }
}
