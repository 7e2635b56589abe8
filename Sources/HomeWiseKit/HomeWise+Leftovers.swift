// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import HomeWiseEngines
import HomeWiseStore

extension HomeWise {
    /// Ends engines that a killed run left behind, where even their guards were killed with it.
    func reapLeftovers() {
        let ended = Leftovers(folder: store.layout.run).reap()
        guard !ended.isEmpty else { return }
        world.notice("\(ended.count) process\(ended.count == 1 ? "" : "es") of an engine that a killed run had left behind ended")
    }
}
