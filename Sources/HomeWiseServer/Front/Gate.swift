// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HTTPTypes
import HomeWiseDomain
import HomeWiseKit
import Hummingbird

/// The one way to the routes: it asks the policy, and nothing else decides. It stands in front of everything that the router knows, and
/// of what it does not know.
struct Gate: RouterMiddleware {
    typealias Context = HouseContext

    let policy: AccessPolicy
    /// Whose key something is; throws where that cannot be found out.
    let holder: @Sendable (String) throws -> AccessKey?
    private let routes: [String: Route]

    init(policy: AccessPolicy, routes: RouteTable, holder: @escaping @Sendable (String) throws -> AccessKey?) {
        self.policy = policy
        self.holder = holder
        self.routes = Dictionary(routes.routes.map { (Self.key($0.method, RouterPath($0.path).description), $0) }) { first, _ in first }
    }

    private static func key(_ method: HTTPRequest.Method, _ path: String) -> String { "\(method.rawValue) \(path)" }

    func handle(_ request: Request, context: HouseContext, next: (Request, HouseContext) async throws -> Response) async throws -> Response
    {
        let route = context.endpointPath.flatMap { routes[Self.key(request.method, $0)] }
        var (request, context) = (request, context)
        context.entry.isFor(route)
        let head = Self.head(of: request)
        do {
            try admit(head, route, &context)
            if let answer = preflight(request, head) { return answer }
            guard let route else { throw Refusal.noSuchRoute }
            request.body = try await RequestBody(buffer: Self.whole(request.body, upTo: route.longestBody))
            var response = try await next(request, context)
            tellPage(head, &response.headers)
            return response
        } catch let refusal as Refusal {
            context.entry.failed(refusal.failure)
            var response = RefusalPage.response(refusal, in: route?.dialect ?? .native)
            // A page that may ask may also read why it was refused.
            tellPage(head, &response.headers)
            return response
        }
    }

    /// - Throws: `Refusal`.
    private func admit(_ head: RequestHead, _ route: Route?, _ context: inout HouseContext) throws {
        guard let visit = context.visit else { throw Refusal.ending }
        let caller = visit.whoAsks()
        context.caller = caller
        let key = try bestKey(of: head)
        context.keyName = key?.name
        context.entry.isFrom(caller, context.client)
        if let refusal = policy.refusal(of: head, for: route?.rule ?? .none, at: visit.listener, from: caller, holding: key?.scope) {
            throw refusal
        }
    }

    /// However a key came, it is looked up here.
    private func bestKey(of head: RequestHead) throws -> AccessKey? {
        do { return try head.keys.compactMap(holder).max { $0.scope < $1.scope } } catch {
            throw Refusal(500, Failure.wrapping(error, doing: "looking for the key"))
        }
    }

    private static func head(of request: Request) -> RequestHead {
        var fields = request.headers.map { (name: $0.name.rawName, value: $0.value) }
        if let authority = request.head.authority { fields.append(("Host", authority)) }
        return RequestHead(method: request.method.rawValue, fields: fields)
    }

    // MARK: Pages that a person allowed

    /// A browser asks first whether a page may ask. Only pages that were allowed come here: the policy refused all others.
    private func preflight(_ request: Request, _ head: RequestHead) -> Response? {
        guard request.method == .options, request.headers[.accessControlRequestMethod] != nil, let origin = head.origins.first,
            policy.isAllowed(origin: origin)
        else { return nil }
        var response = Response(
            status: .noContent,
            headers: [
                .accessControlAllowMethods: "GET, POST, PUT, DELETE", .accessControlMaxAge: "600",
                .accessControlAllowHeaders: request.headers[.accessControlRequestHeaders] ?? "authorization, content-type",
            ])
        tellPage(head, &response.headers)
        return response
    }

    /// Never a star, and never a page that was not allowed by name.
    private func tellPage(_ head: RequestHead, _ headers: inout HTTPFields) {
        guard !policy.origins.isEmpty else { return }
        headers[.vary] = "Origin"
        guard let origin = head.origins.first, head.origins.count == 1, policy.isAllowed(origin: origin) else { return }
        headers[.accessControlAllowOrigin] = origin
        if let name = HTTPField.Name("Cross-Origin-Resource-Policy") { headers[name] = "cross-origin" }
    }

    // MARK: Length

    /// A body that says nothing of its length, or the wrong one, is counted as it comes.
    ///
    /// It is read here and not by the route: a body that was put in place of another one twice no longer tells that who asks hangs up.
    private static func whole(_ body: RequestBody, upTo limit: Int) async throws -> ByteBuffer {
        var whole = ByteBuffer()
        for try await var piece in body {
            guard whole.readableBytes + piece.readableBytes <= limit else { throw Refusal.bodyTooLong(limit: limit) }
            whole.writeBuffer(&piece)
        }
        return whole
    }
}
