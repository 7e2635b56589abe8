// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

public import HomeWiseDomain
import HomeWiseStore

/// Keys that a person makes for programs: named, of one scope, shown once.
public struct KeyDesk: Sendable {
    let house: HomeWise

    /// A key just made, with its text, which is kept nowhere.
    public struct Made: Sendable, Codable {
        public let name: String
        public let scope: AccessScope
        public let key: String
    }

    /// In the order they were made.
    public func all() throws -> [AccessKey] {
        try house.store.inventory.notes(.accessKey, as: AccessKey.self).values.sorted { ($0.createdAt, $0.name) < ($1.createdAt, $1.name) }
    }

    /// - Throws: `Failure.badInput` for a name that is taken or is none, or for the scope `open`, which needs no key.
    public func make(named name: String, scope: AccessScope) throws -> Made {
        try AccessKey.check(name: name)
        guard scope > .open else { throw Failure.badInput("A key for nothing needs not be made.", remedy: "Give the scope use or manage.") }
        var random = SystemRandomNumberGenerator()
        let text = AccessKey.text(of: (0..<32).map { _ in random.next() })
        let key = AccessKey(name: name, scope: scope, createdAt: house.world.now(), hash: FileHash.digest(ofText: text))
        try house.store.inventory.changeNote(.accessKey, key: name, at: key.createdAt) { (old: inout AccessKey?) in
            guard old == nil else {
                throw Failure.badInput(
                    "There is a key \(name) already.", remedy: "Give another name, or first: homewise keys revoke \(name)")
            }
            old = key
        }
        return Made(name: name, scope: scope, key: text)
    }

    /// - Throws: `Failure.badInput` where there is none of the name.
    public func revoke(_ name: String) throws {
        try house.store.inventory.changeNote(.accessKey, key: name, at: house.world.now()) { (old: inout AccessKey?) in
            guard old != nil else {
                throw Failure.badInput("There is no key “\(name.prefix(64))”.", remedy: "List them with: homewise keys list")
            }
            old = nil
        }
    }

    /// Whose key it is. Asked anew each time, so that a key that was revoked is none from that moment on.
    public func holder(of key: String) throws -> AccessKey? { try all().holder(of: FileHash.digest(ofText: key)) }
}

extension HomeWise {
    public var keyDesk: KeyDesk { KeyDesk(house: self) }
}

extension World {
    /// Where the server's certificate and its key are kept.
    public var certificateFolder: String { home + "/tls" }
}
