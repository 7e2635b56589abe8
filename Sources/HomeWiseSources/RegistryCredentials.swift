// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

package import Foundation
import HomeWiseDomain

/// Names and passwords for registries, as `docker login` keeps them (`config.json`). Each goes to its own registry alone.
package struct RegistryCredentials: Sendable {
    /// Value of `Authorization`, by registry.
    private var basic: [String: String] = [:]
    /// Registries whose passwords another program keeps.
    private var helped: Set<String> = []
    private var hasStore = false

    package static let none = RegistryCredentials()

    private init() {}

    /// - Parameter config: the file's content.
    /// - Throws: `Failure.badInput` where it is no such file.
    package init(dockerConfig config: Data, path: String) throws {
        let file: File
        do { file = try JSONDecoder().decode(File.self, from: config) } catch let error as DecodingError {
            throw Failure.badInput("\(path) cannot be read: \(error.complaint).", remedy: "Correct it, or log in again with docker login.")
        }
        for (key, entry) in file.auths ?? [:] {
            guard let pair = entry.pair else { continue }
            basic[Self.registry(of: key)] = "Basic " + Data(pair.utf8).base64EncodedString()
        }
        helped = Set((file.credHelpers ?? [:]).keys.map(Self.registry(of:)))
        hasStore = file.credsStore?.isEmpty == false
    }

    func basic(for registry: String) -> String? { basic[Self.registry(of: registry)] }

    /// What to do about a login that is missing here.
    func hint(for registry: String) -> String? {
        guard basic(for: registry) == nil, hasStore || helped.contains(Self.registry(of: registry)) else { return nil }
        return
            "Its password is in a keeper that HomeWise does not open: log in with docker while no credsStore is set, or choose another source."
    }

    /// `https://index.docker.io/v1/` is how Docker calls its own.
    private static func registry(of key: String) -> String {
        var host = Substring(key)
        if let scheme = host.firstRange(of: "://") { host = host[scheme.upperBound...] }
        host = host.prefix { $0 != "/" }
        return ["index.docker.io", "registry-1.docker.io"].contains(host) ? "docker.io" : host.lowercased()
    }

    private struct File: Decodable {
        struct Entry: Decodable {
            let auth: String?
            let username: String?
            let password: String?

            /// `name:password`; `nil` where the entry only says that there is one elsewhere.
            var pair: String? {
                if let username, let password { return "\(username):\(password)" }
                guard let auth, let data = Data(base64Encoded: auth) else { return nil }
                let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: CharacterSet(charactersIn: "\0"))
                return text.contains(":") ? text : nil
            }
        }
        let auths: [String: Entry]?
        let credHelpers: [String: String]?
        let credsStore: String?
    }
}
