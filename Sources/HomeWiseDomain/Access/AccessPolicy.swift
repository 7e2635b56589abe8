// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// A request that is not served, and why. The status is HTTP's.
public struct Refusal: Error, Sendable, Equatable {
    public let status: Int
    public let failure: Failure

    public init(_ status: Int, _ failure: Failure) { (self.status, self.failure) = (status, failure) }
}

/// Who may ask for what. Everything that is not allowed here is refused, and nothing is decided elsewhere.
///
/// A page in a browser reaches this machine as any program does; so before keys come three questions that only a browser's requests
/// fail: under which name were we asked (a foreign name that leads here is DNS rebinding), by which page, and with a body of which type (the
/// types that a page may send without asking first are none of ours).
public struct AccessPolicy: Sendable, Equatable {
    /// Names that a person gave this machine, beside “localhost”. Without a port, the listener's.
    public var names: [Authority]
    /// Pages that a person allowed, as browsers write them: “https://chat.example”, “chrome-extension://abc”.
    public var origins: Set<String>
    /// Whether a program on this machine whose owner cannot be told needs a key.
    public var unknownNeedsKey: Bool

    public init(names: [Authority] = [], origins: Set<String> = [], unknownNeedsKey: Bool = true) {
        self.names = names
        // “null” is what every page says that has something to hide.
        self.origins = Set(origins.map { $0.lowercased() }).subtracting(["null", "*"])
        self.unknownNeedsKey = unknownNeedsKey
    }

    /// - Parameter held: what the best of the keys that were given allows; `nil` for none that is known.
    /// - Returns: `nil` where the request is allowed.
    public func refusal(
        of head: RequestHead, for route: RouteRule, at listener: Listener, from caller: Caller, holding held: AccessScope?
    ) -> Refusal? {
        hostRefusal(head, listener) ?? originRefusal(head, listener) ?? keyRefusal(route.scope, listener, caller, held)
            ?? bodyRefusal(head, route)
    }

    /// Whether a page may read the answer, which it is then told by name.
    public func isAllowed(origin: String) -> Bool { origins.contains(origin.lowercased()) }

    // MARK: Where from

    private func hostRefusal(_ head: RequestHead, _ listener: Listener) -> Refusal? {
        guard let port = listener.port else { return head.hosts.count > 1 ? .ambiguousHost : nil }
        guard head.hosts.count == 1, !head.hosts[0].isEmpty else { return .ambiguousHost }
        guard let authority = Authority(head.hosts[0]), isOurs(authority, port, listener) else { return .foreignHost(head.hosts[0]) }
        return nil
    }

    private func isOurs(_ asked: Authority, _ port: Int, _ listener: Listener) -> Bool {
        let askedPort = asked.port ?? (listener.scheme == "https" ? 443 : 80)
        if let name = asked.name {
            return name == "localhost" && askedPort == port || names.contains { $0.name == name && ($0.port ?? port) == askedPort }
        }
        guard let address = asked.address else { return false }
        // An address cannot be made to lead elsewhere, so the one that the connection was made to is ours.
        if case .network(let reached?, _) = listener, reached == address { return askedPort == port }
        if address == .localhost4 || address == .localhost6 { return askedPort == port }
        return names.contains { $0.address == address && ($0.port ?? port) == askedPort }
    }

    private func originRefusal(_ head: RequestHead, _ listener: Listener) -> Refusal? {
        guard head.origins.count <= 1, head.fetchSites.count <= 1 else { return .foreignOrigin(head.origins.first) }
        if let origin = head.origins.first {
            if isAllowed(origin: origin) { return nil }
            guard isSame(origin, head, listener) else { return .foreignOrigin(origin) }
        }
        guard let site = head.fetchSites.first else { return nil }
        return ["same-origin", "none"].contains(site) ? nil : .foreignOrigin(head.origins.first)
    }

    /// Whether a page is one of our own, under the very name that it asks us by.
    private func isSame(_ origin: String, _ head: RequestHead, _ listener: Listener) -> Bool {
        let prefix = listener.scheme + "://"
        guard listener != .socket, origin.lowercased().hasPrefix(prefix), let host = head.hosts.first.flatMap({ Authority($0) }),
            let page = Authority(origin.dropFirst(prefix.count))
        else { return false }
        let standard = listener.scheme == "https" ? 443 : 80
        return page.name == host.name && page.address == host.address && (page.port ?? standard) == (host.port ?? standard)
    }

    // MARK: Who

    private func keyRefusal(_ scope: AccessScope, _ listener: Listener, _ caller: Caller, _ held: AccessScope?) -> Refusal? {
        // The socket is one person's alone; its folder keeps others out, and this holds where it does not.
        if listener == .socket { return caller == .sameUser ? nil : .othersSocket }
        guard scope > .open, needsKey(listener, caller) else { return nil }
        guard let held else { return .keyNeeded(caller) }
        return held >= scope ? nil : .keyTooNarrow(scope)
    }

    private func needsKey(_ listener: Listener, _ caller: Caller) -> Bool {
        guard case .loopback = listener else { return true }
        switch caller {
        case .sameUser: return false
        case .unknown: return unknownNeedsKey
        case .otherUser, .remote: return true
        }
    }

    // MARK: What

    private func bodyRefusal(_ head: RequestHead, _ route: RouteRule) -> Refusal? {
        if let length = head.announcedLength, length > route.longestBody { return .bodyTooLong(limit: route.longestBody) }
        guard route.isChanging else { return nil }
        // A browser sends no DELETE without asking first, and there is nothing to be of a type.
        if head.method == "DELETE", !head.hasBody, head.contentTypes.isEmpty { return nil }
        guard let type = head.mediaType, route.mediaTypes.contains(type) else {
            return .wrongMediaType(head.contentTypes.first, wanted: route.mediaTypes)
        }
        return nil
    }
}
