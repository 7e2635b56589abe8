// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation

extension MachineProbe {
    /// What people call a card: its own word, else the lists of names that the system has installed, else the device tree's name.
    func name(of card: GraphicsCard) -> String? {
        if let name = line(card.folder + "/product_name") { return name }
        guard let vendor = card.vendor, let device = card.device else { return card.compatible }
        if vendor == "1002", let name = radeonName(card, device) { return name }
        for list in ["usr/share/hwdata/pci.ids", "usr/share/misc/pci.ids"] {
            if let name = bytes(list).flatMap({ PCINames.name(in: $0, vendor: vendor, device: device) }) { return Self.full(name, vendor) }
        }
        return nil
    }

    /// AMD gives one number to several products, and tells them apart by a revision. Lines such as “744C,	C8,	AMD Radeon RX 7900 XTX”.
    private func radeonName(_ card: GraphicsCard, _ device: String) -> String? {
        guard let revision = line(card.folder + "/revision")?.dropFirst(2), let list = text("usr/share/libdrm/amdgpu.ids") else {
            return nil
        }
        for line in list.split(separator: "\n") {
            let fields = line.split(separator: ",", maxSplits: 2).map(\.trimmed)
            guard fields.count == 3, fields[0].lowercased() == device, fields[1].lowercased() == revision.lowercased() else { continue }
            return Self.full(fields[2], "1002")
        }
        return nil
    }

    private static func full(_ name: String, _ vendor: String) -> String {
        guard let maker = ["10de": "NVIDIA", "1002": "AMD", "8086": "Intel"][vendor], !name.contains(maker) else { return name }
        return maker + " " + name
    }
}

/// The list of PCI devices that most Linux systems carry (its format: pci-ids.ucw.cz).
enum PCINames {
    /// Vendors begin a line, their devices follow after a tab each, subsystems after two.
    ///
    /// - Returns: the product's name, which stands in brackets behind the chip's: “AD102 [GeForce RTX 4090]”.
    static func name(in list: [UInt8], vendor: String, device: String) -> String? {
        let maker = Array("\(vendor)  ".utf8)
        let entry = Array("\t\(device)  ".utf8)
        var isInside = false
        for line in Lines(list) {
            guard let first = line.first else { continue }
            if isInside, first == UInt8(ascii: "\t") {
                if line.starts(with: entry) { return product(String(decoding: line.dropFirst(entry.count), as: UTF8.self)) }
            } else if first != UInt8(ascii: "#") {
                guard !isInside else { return nil }
                isInside = line.starts(with: maker)
            }
        }
        return nil
    }

    private static func product(_ text: String) -> String {
        guard text.hasSuffix("]"), let bracket = text.lastIndex(of: "[") else { return text }
        return String(text[text.index(after: bracket)...].dropLast())
    }

    /// Lines of a long list, one at a time: most lists need not be read to their end.
    private struct Lines: Sequence, IteratorProtocol {
        private let bytes: [UInt8]
        private var position = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        mutating func next() -> ArraySlice<UInt8>? {
            guard position < bytes.count else { return nil }
            let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            defer { position = end + 1 }
            return bytes[position..<end]
        }
    }
}
