// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What `/proc/cpuinfo` says. Pure: fed with bytes, so that recordings of other machines can be read.
///
/// A server with 256 logical cores writes half a megabyte here, nearly all of it repetition: every line is looked at once,
/// and only the few that matter become strings.
struct CPUInfo {
    /// One logical core.
    struct Processor: Equatable {
        var number: Int
        var socket: Int?
        var core: Int?
        /// ARM: number of the core's design, among the designs of its implementer.
        var part: Int?
    }

    private(set) var processors: [Processor] = []
    private(set) var features: [String] = []
    private var name: String?
    private var vendorID: String?
    private var implementer: Int?

    init(_ bytes: [UInt8]) {
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), let key = Key(line[..<colon]) else { continue }
            read(key, line[line.index(after: colon)...])
        }
    }

    /// The keys that matter. The spelling is x86's or ARM's.
    private enum Key: String, CaseIterable {
        case processor, vendor = "vendor_id", name = "model name", socket = "physical id", core = "core id", flags
        case armFlags = "Features"
        case implementer = "CPU implementer"
        case part = "CPU part"

        private static let table = Dictionary(uniqueKeysWithValues: allCases.map { (Array($0.rawValue.utf8)[...], $0) })

        init?(_ bytes: ArraySlice<UInt8>) {
            let end = bytes.lastIndex { $0 != UInt8(ascii: "\t") && $0 != UInt8(ascii: " ") }
            guard let end, let key = Self.table[bytes[...end]] else { return nil }
            self = key
        }
    }

    private mutating func read(_ key: Key, _ bytes: ArraySlice<UInt8>) {
        var value: String { String(decoding: bytes, as: UTF8.self).trimmed }
        switch key {
        case .processor: if let number = Int(value) { processors.append(Processor(number: number)) }
        case .vendor: vendorID = vendorID ?? value
        case .name: if name == nil, !value.isEmpty { name = value }
        case .flags, .armFlags: if features.isEmpty { features = CPUFeatures.known(in: value) }
        case .socket: if !processors.isEmpty { processors[processors.count - 1].socket = Int(value) }
        case .core: if !processors.isEmpty { processors[processors.count - 1].core = Int(value) }
        case .implementer: implementer = implementer ?? Self.hexadecimal(value)
        case .part: if !processors.isEmpty { processors[processors.count - 1].part = Self.hexadecimal(value) }
        }
    }

    private static func hexadecimal(_ text: String) -> Int? { text.hasPrefix("0x") ? Int(text.dropFirst(2), radix: 16) : nil }
}

extension CPUInfo {
    var physicalCores: Int? { cores(of: processors) }

    var sockets: Int? {
        let sockets = Set(processors.compactMap(\.socket))
        return sockets.isEmpty ? nil : sockets.count
    }

    /// Distinct physical cores among logical ones; `nil` where they are not named.
    func cores(of processors: [Processor]) -> Int? {
        let cores = Set(processors.compactMap { processor in processor.core.map { [processor.socket ?? 0, $0] } })
        return cores.isEmpty ? nil : cores.count
    }

    var vendor: String? {
        if let implementer { return ArmDesigns.vendor(implementer) }
        return vendorID.map { Self.vendors[$0] ?? $0 }.flatMap { $0.isEmpty ? nil : $0 }
    }

    private static let vendors = [
        "GenuineIntel": "Intel", "AuthenticAMD": "AMD", "HygonGenuine": "Hygon", "CentaurHauls": "Zhaoxin", "Shanghai": "Zhaoxin",
    ]

    /// x86 says its name; ARM only the numbers of its designs, whose names are joined: “Cortex-A55 + Cortex-A76”.
    var model: String? {
        if let name { return name }
        guard let implementer else { return nil }
        var parts: [Int] = []
        for part in processors.compactMap(\.part) where !parts.contains(part) { parts.append(part) }
        let names = parts.compactMap { ArmDesigns.name(implementer, part: $0) }
        return names.isEmpty || names.count < parts.count ? nil : names.joined(separator: " + ")
    }
}
