// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Hummingbird

/// One thing that the server does, and who may ask for it.
struct Route: Sendable {
    typealias Handler = @Sendable (Request, HouseContext) async throws -> Response

    let method: HTTPRequest.Method
    /// As the router takes it: “/v1/models/:id”.
    let path: String
    let scope: AccessScope
    let dialect: Dialect
    /// Bytes that a question may have.
    let longestBody: Int
    /// Types that a body may have.
    var mediaTypes = RouteRule.json
    let handler: Handler

    /// Whether it may change something. Those that may not are asked by GET and HEAD, and nothing else is.
    var isChanging: Bool { method != .get && method != .head }

    /// What the policy asks.
    var rule: RouteRule { RouteRule(scope: scope, isChanging: isChanging, mediaTypes: mediaTypes, longestBody: longestBody) }

    /// Asked every few seconds by whoever watches over us: not worth a line each.
    var isQuiet: Bool { ["/livez", "/readyz", "/metrics"].contains(path) }
}

/// All routes. There is no other way to the router, so that none is without a scope.
struct RouteTable: Sendable {
    /// A conversation is text, and its pictures are written as text; nobody sends more.
    static let longestBody = 64 << 20

    private(set) var routes: [Route] = []

    mutating func get(_ path: String, _ scope: AccessScope, _ dialect: Dialect, _ handler: @escaping Route.Handler) {
        add(Route(method: .get, path: path, scope: scope, dialect: dialect, longestBody: 0, handler: handler))
    }

    mutating func post(
        _ path: String, _ scope: AccessScope, _ dialect: Dialect, longestBody: Int = RouteTable.longestBody,
        mediaTypes: [String] = RouteRule.json, _ handler: @escaping Route.Handler
    ) {
        add(
            Route(
                method: .post, path: path, scope: scope, dialect: dialect, longestBody: longestBody, mediaTypes: mediaTypes,
                handler: handler))
    }

    mutating func delete(_ path: String, _ scope: AccessScope, _ dialect: Dialect, _ handler: @escaping Route.Handler) {
        add(Route(method: .delete, path: path, scope: scope, dialect: dialect, longestBody: 64 << 10, handler: handler))
    }

    mutating func add(_ route: Route) { routes.append(route) }

    func addAll(to router: Router<HouseContext>) {
        for route in routes { router.on(RouterPath(route.path), method: route.method, use: route.handler) }
    }
}
