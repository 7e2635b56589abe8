// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseKit
import Hummingbird

extension KeyDesk {
    private struct Wanted: Decodable {
        var name: String
        var scope: AccessScope?
    }

    private struct Shown: Encodable {
        var name: String
        var scope: AccessScope
        var createdAt: Date

        init(_ key: AccessKey) { (name, scope, createdAt) = (key.name, key.scope, key.createdAt) }
    }

    func addRoutes(to table: inout RouteTable) {
        let path = "\(DaemonWire.base)/keys"
        table.get(path, .manage, .native) { _, _ in try Reply.json(["keys": all().map(Shown.init)]) }
        table.post(path, .manage, .native, longestBody: 64 << 10) { request, _ in
            var request = request
            let wanted = try await Reply.body(Wanted.self, of: &request)
            return try Reply.json(make(named: wanted.name, scope: wanted.scope ?? .use), status: .created)
        }
        table.delete("\(path)/:name", .manage, .native) { _, context in
            try revoke(context.parameters.require("name"))
            return Response(status: .noContent)
        }
    }
}
