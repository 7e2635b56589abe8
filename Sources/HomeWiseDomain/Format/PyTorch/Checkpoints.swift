// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// The present form (PyTorch 1.6 and later): `<root>/data.pkl` and a stored entry for each storage, `<root>/data/<key>`.
struct ZipCheckpoint {
    let listing: PickleListing
    private(set) var doubt: String?
    private(set) var tensorBytes: Int64 = 0

    /// Entries beside the storages; TorchScript's `code/` and whatever else may be there are not understood.
    private static let known: Set<String> = [
        "data.pkl", "version", "byteorder", ".format_version", ".storage_alignment", ".data/serialization_id",
    ]

    init(source: some ByteSource) throws {
        let directory = try ZipDirectory(source: source)
        guard let pickle = directory.entries.first(where: { $0.name.hasSuffix("/data.pkl") }) else {
            throw FormatFault(.notThisFormat, "zip directory", "there is no data.pkl")
        }
        doubt = directory.doubt
        let root = String(pickle.name.dropLast("data.pkl".count))
        (listing, doubt) = try Self.read(pickle, source, doubt)
        check(directory.entries, root)
    }

    private static func read(
        _ entry: ZipDirectory.Entry, _ source: some ByteSource, _ doubt: String?
    ) throws -> (PickleListing, String?) {
        guard entry.compressedSize <= PyTorchArchive.longestPickle else { throw FormatFault.tooLarge("data.pkl", "\(entry.size) bytes") }
        let bytes = try source.copyBytes(at: entry.dataStart, count: entry.compressedSize)
        let isSound = CRC32.checksum(bytes) == entry.checksum
        return (PickleListing(bytes[...]), doubt ?? (isSound ? nil : "the pickle's checksum is wrong"))
    }

    /// Every entry has its place, and every storage the size that the pickle says.
    private mutating func check(_ entries: [ZipDirectory.Entry], _ root: String) {
        var stored: Set<String> = []
        for entry in entries {
            let name = entry.name.hasPrefix(root) ? entry.name.dropFirst(root.count) : entry.name[...]
            guard name.hasPrefix("data/"), entry.name.hasPrefix(root) else {
                if !Self.known.contains(String(name)) || !entry.name.hasPrefix(root) {
                    doubt = doubt ?? "an entry has no place in a checkpoint"
                }
                continue
            }
            let key = String(name.dropFirst("data/".count))
            stored.insert(key)
            tensorBytes = tensorBytes.addingClamped(entry.size)
            if listing.storages[key]?.byteCount != entry.size { doubt = doubt ?? "a storage has another size than the pickle says" }
        }
        if !listing.storages.keys.allSatisfy(stored.contains) { doubt = doubt ?? "a storage is missing" }
    }
}

/// The old form: five pickles in a row (a magic number, a version, the writer's machine, the object, the storages' keys), then
/// the storages, each after its number of elements.
struct LegacyCheckpoint {
    private(set) var listing = PickleListing()
    private(set) var doubt: String?
    private(set) var tensorBytes: Int64 = 0

    /// The pickles of 0x1950A86A20F9469CFC6C and of 1001, as PyTorch has always written them.
    static let start: [UInt8] =
        [0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E] + [0x80, 0x02, 0x4D, 0xE9, 0x03, 0x2E]

    init(source: some ByteSource) throws {
        let bytes = try source.copyBytes(at: 0, count: min(source.length, PyTorchArchive.longestPickle))
        let isCheckpoint = bytes.starts(with: Self.start)
        if !isCheckpoint { doubt = "it is a pickle and no checkpoint of PyTorch" }
        var rest = bytes.dropFirst(isCheckpoint ? Self.start.count : 0)
        // A pickle of another kind is walked over too: what it names is worth telling.
        for _ in 0..<(isCheckpoint ? 3 : 1) where listing.doubt == nil {
            let part = PickleListing(rest, mayContinue: true)
            rest = rest.dropFirst(part.length)
            add(part)
        }
        checkStorages(after: Int64(bytes.count - rest.count), length: source.length)
    }

    private mutating func add(_ part: PickleListing) {
        listing.globals += part.globals.filter { !listing.globals.contains($0) }
        listing.tensors += part.tensors
        listing.storages.merge(part.storages) { first, _ in first }
        listing.doubt = part.doubt
    }

    /// The storages fill the file from the end of the pickles.
    private mutating func checkStorages(after offset: Int64, length: Int64) {
        tensorBytes = listing.storages.values.reduce(0) { $0.addingClamped($1.byteCount) }
        let announced = tensorBytes.addingClamped(Int64(listing.storages.count) * 8)
        if announced != length - offset { doubt = doubt ?? "the storages do not fill the file" }
    }
}
