// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension SafetensorsHeader {
    /// A tensor as the header describes it, before it is known to fit the file.
    struct Entry {
        let name: String
        let type: SafetensorsType
        let shape: [Int64]
        let elements: Int64
        /// Bytes that type and shape make.
        let size: Int64
        /// Bytes from the end of the header.
        let begin: Int64
        let end: Int64

        private var field: String { "tensor \(name)" }

        init(_ member: BoundedJSON.Member) throws(FormatFault) {
            let field = "tensor \(member.name)"
            name = member.name
            guard let spelled = member.value["dtype"]?.string else { throw .badValue(field, "dtype is missing or no text") }
            guard let known = SafetensorsType(rawValue: spelled) else {
                throw FormatFault(.unsupported, field, "dtype “\(UntrustedName.printable(spelled))” is unknown")
            }
            type = known
            shape = try Self.sizes(member.value["shape"], "\(field): shape")
            elements = try Self.product(shape, field)
            size = try Self.bytes(of: elements, known, field)
            let offsets = try Self.sizes(member.value["data_offsets"], "\(field): data_offsets")
            guard offsets.count == 2 else { throw .badValue(field, "data_offsets has \(offsets.count) numbers") }
            (begin, end) = (offsets[0], offsets[1])
        }

        private static func sizes(_ value: BoundedJSON.Value?, _ field: String) throws(FormatFault) -> [Int64] {
            guard let value, value.isArray else { throw .badValue(field, "it is missing or no list") }
            var sizes: [Int64] = []
            for element in value.elements {
                // Rust reads 64 bits without a sign; more than 63 of them fit no file.
                guard let number = element.unsigned else { throw .badValue(field, "it holds something else than whole numbers") }
                guard let size = Int64(exactly: number) else { throw .tooLarge(field, "\(number) is beyond any file") }
                sizes.append(size)
            }
            return sizes
        }

        /// Multiplies in the order of the shape, so that a zero after a wrap does not hide it.
        private static func product(_ shape: [Int64], _ field: String) throws(FormatFault) -> Int64 {
            var product: Int64 = 1
            for size in shape {
                let (next, overflows) = product.multipliedReportingOverflow(by: size)
                guard !overflows else { throw .tooLarge(field, "the product of its shape does not fit 63 bits") }
                product = next
            }
            return product
        }

        private static func bytes(of elements: Int64, _ type: SafetensorsType, _ field: String) throws(FormatFault) -> Int64 {
            let (bits, overflows) = elements.multipliedReportingOverflow(by: type.bits)
            guard !overflows else { throw .tooLarge(field, "its bits do not fit 63 bits") }
            guard bits % 8 == 0 else { throw .badValue(field, "\(bits) bits do not end at a byte") }
            return bits / 8
        }
    }

    /// Puts tensors in the order of their bytes, and proves that they cover all of the file once.
    static func place(_ entries: [Entry], dataStart: Int64, fileLength: Int64) throws(FormatFault) -> [Tensor] {
        var tensors: [Tensor] = []
        tensors.reserveCapacity(entries.count)
        var covered: Int64 = 0
        for entry in entries.sorted(by: { ($0.begin, $0.end) < ($1.begin, $1.end) }) {
            let field = "tensor \(entry.name)"
            guard entry.begin == covered else {
                let fault = entry.begin > covered ? "a hole lies before it" : "it overlaps the one before it"
                throw .badValue(field, "\(fault): it begins at \(entry.begin) and not at \(covered)")
            }
            guard entry.end >= entry.begin else { throw .badValue(field, "it ends at \(entry.end), before its begin \(entry.begin)") }
            guard entry.end - entry.begin == entry.size else {
                throw .badValue(field, "\(entry.end - entry.begin) bytes, and its type and shape make \(entry.size)")
            }
            guard entry.end <= fileLength - dataStart else {
                throw .truncated(field, "it ends at \(entry.end) and the data at \(fileLength - dataStart)")
            }
            tensors.append(
                Tensor(
                    name: entry.name, type: entry.type, shape: entry.shape, range: (dataStart + entry.begin)..<(dataStart + entry.end),
                    elements: entry.elements))
            covered = entry.end
        }
        guard covered == fileLength - dataStart else {
            throw .badValue("file", "\(fileLength - dataStart - covered) bytes at its end belong to no tensor")
        }
        return tensors
    }
}
