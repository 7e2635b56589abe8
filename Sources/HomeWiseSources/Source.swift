// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// A place that a model's files come from, asked about one reference: it tells which files there are, how large they are, what
/// proves them and where their bytes can be asked for. Fetching those bytes is the transfer's work, the same for all.
package protocol Source: Sendable {
    /// Host, and port where one is named: what is left alone for a while when it is silent.
    var host: String { get }

    /// - Throws: `Failure` that says what the source offers instead, or what it wants first.
    func resolve(_ wish: SourceWish) async throws -> Delivery
}

extension Transport.Answer {
    /// The body of an answer that is read whole: as it was sent, and no longer than what is asked for ever is (THREATS A7).
    ///
    /// - Throws: `Failure.badReply`.
    func metadata(upTo limit: Int, transport: Transport) async throws -> Data {
        if let coding = header("Content-Encoding"), coding.lowercased() != "identity" {
            throw Failure.badReply(host: host, "it is \(coding.prefix(40))-encoded although that was declined")
        }
        if let length = header("Content-Length").flatMap({ ContentRange.length($0) }), length > Int64(limit) {
            throw Failure.badReply(host: host, "more than \(ByteCount(Int64(limit)))")
        }
        return try await data(upTo: limit, transport: transport)
    }
}

extension ListedFile {
    /// What a person should know of files that are never asked for.
    ///
    /// - Parameter count: of names that are no path inside a folder.
    static func leftOut(_ count: Int, of repository: String) -> String? {
        switch count {
        case 0: nil
        case 1: "A file of \(repository) is left out: its name is no path inside a folder."
        default: "\(count) files of \(repository) are left out: their names are no paths inside a folder."
        }
    }
}

/// Parts of addresses.
enum AddressPart {
    /// A path below another: slashes stay, all else that an address cannot hold is escaped.
    static func path(_ path: SafePath) -> String { path.value.split(separator: "/").map { component($0) }.joined(separator: "/") }

    /// One part: a slash in it is escaped too (`refs%2Fpr%2F1`).
    static func component(_ text: some StringProtocol) -> String {
        text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }

    private static let unreserved = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")
}
