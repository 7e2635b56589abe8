// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseStore

/// An inventory that is lost together with some of the bytes.
@Suite(.temporaryFolder) struct PartlyLostTests {
    private var home: String { TemporaryFolder.path + "/home" }

    private func publish() throws -> InstalledModel {
        let shop = try Shop()
        return try shop.store.publish(
            files: [
                shop.fresh("one", as: "w-1"), shop.fresh("two", as: "w-2"), shop.fresh("{}", as: "c.json", role: .support),
                shop.fresh("packed", as: "archives/a.zip", role: .archive),
            ], as: shop.label("a"), at: Date(timeIntervalSince1970: 1))
    }

    private func forgetInventory() throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: home) where name.hasPrefix("inventory.sqlite") {
            try FileManager.default.removeItem(atPath: "\(home)/\(name)")
        }
    }

    /// Opens the store twice, as it takes for what is nobody's to be seen as that, and removes all that nobody needs.
    private func pruned() throws -> (store: ModelStore, findings: [String]) {
        let findings = try ModelStore(home: home).findings
        let store = try ModelStore(home: home)
        for leftover in try store.leftovers() { _ = try store.collect(leftover) }
        return (store, findings)
    }

    @Test("DL-63 I2 a lost inventory and a lost archive leave the model whole: no model needs what it came in") func archive() throws {
        let model = try publish()
        try FileManager.default.removeItem(atPath: model.archives[0].place)
        try forgetInventory()
        let (store, findings) = try pruned()
        let found = try store.everything().models
        #expect(found.map(\.state) == [.sound] && found[0].files == model.files)
        #expect(!findings.contains { $0.contains("are gone") })
        #expect(model.files.allSatisfy { FileManager.default.fileExists(atPath: $0.place) })
    }

    @Test("DL-63 I2 a lost inventory and one lost file leave the model incomplete, and the others of its files here", arguments: 0..<4)
    func oneFile(_ index: Int) throws {
        let model = try publish()
        let files = model.files + model.archives
        // Only the one file is left of all where there is none behind it.
        let lost = index < 3 ? [files[index]] : Array(files[..<3])
        for file in lost { try FileManager.default.removeItem(atPath: file.place) }
        try forgetInventory()
        let (store, findings) = try pruned()
        #expect(try store.everything().models.map(\.state) == [.missing])
        #expect(findings.contains { $0.contains("Some files of a:q4 are gone") })
        for file in files { #expect(FileManager.default.fileExists(atPath: file.place) == !lost.contains(file), "\(file.path)") }
    }
}
