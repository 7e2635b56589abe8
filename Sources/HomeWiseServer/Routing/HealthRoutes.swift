// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Hummingbird

/// What whoever watches over the process asks: whether it lives, and whether to send requests.
extension Doors {
    func addRoutes(to table: inout RouteTable) {
        table.get("/livez", .open, .native) { _, _ in try Reply.json(["status": "live"]) }
        table.get("/readyz", .open, .native) { _, _ in
            guard !self.isEnding else { throw Refusal.ending }
            return try Reply.json(["status": "ready"])
        }
    }
}
