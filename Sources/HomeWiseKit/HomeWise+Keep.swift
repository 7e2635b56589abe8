// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import HomeWiseStore

/// Keeping what is here.
extension HomeWise {
    /// Holds a model's bytes for as long as the result lives.
    ///
    /// - Throws: `Failure.unknownModel` when it was removed a moment ago.
    func lease(on model: Installed, purpose: String) throws -> Lease {
        guard let here = try store.model(model.name, tag: model.quantization), let lease = try store.lease(here, purpose: purpose) else {
            throw Failure.modelGone("\(model.name):\(model.quantization)")
        }
        return lease
    }
}
