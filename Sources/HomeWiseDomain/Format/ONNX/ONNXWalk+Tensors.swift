// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension ONNXWalk {
    /// What one tensor's message says of its data.
    private struct Parts {
        var tensor = ONNXTensor()
        var raw: Int64?
        var typed: Int64 = 0
        var isExternal = false
        var external: [String: String] = [:]
    }

    mutating func readTensor(_ range: Range<Int64>) throws {
        guard model.tensors.count < limits.entries else { throw FormatFault.tooLarge("graph", "more than \(limits.entries) tensors") }
        var parts = Parts()
        try each(range) { walk, field in try walk.read(field, into: &parts) }
        var tensor = parts.tensor
        tensor.elements = try Self.product(tensor)
        let needed = try Self.bytes(of: tensor)
        if parts.isExternal || !parts.external.isEmpty {
            tensor.external = try Self.place(parts.external, of: tensor, needed: needed)
            tensor.byteCount = tensor.external?.length ?? 0
        } else {
            if let raw = parts.raw, let needed, raw != needed {
                throw FormatFault.badValue("tensor \(tensor.name)", "\(raw) bytes of data, and type and shape make \(needed)")
            }
            tensor.byteCount = parts.raw ?? needed.map { min($0, parts.typed) } ?? parts.typed
        }
        model.tensors.append(tensor)
    }

    private mutating func read(_ field: Field, into parts: inout Parts) throws {
        switch field.number {
        case 1:
            parts.tensor.shape += try ProtobufCursor.integers(field.value, source, most: 64, "dims")
            guard parts.tensor.shape.count <= 64 else { throw FormatFault.tooLarge("dims", "more than 64 sizes") }
        case 2: parts.tensor.type = ONNXType(code: Int(try field.value.integer("data_type")))
        case 8: parts.tensor.name = try text(field.value, "tensor name")
        case 9: parts.raw = Int64(try field.value.range("raw_data").count)
        // Typed data is counted by its encoded bytes, which bound it.
        case 4, 5, 6, 7, 10, 11: if case .bytes(let range) = field.value { parts.typed = parts.typed.addingClamped(Int64(range.count) * 2) }
        case 13: try readExternal(field.value.range("external_data"), into: &parts)
        case 14: parts.isExternal = try field.value.integer("data_location") == 1
        default: break
        }
    }

    /// One key and value. Both twice, or a key twice, is refused: readers take different ones.
    private mutating func readExternal(_ range: Range<Int64>, into parts: inout Parts) throws {
        var texts: [Int: String] = [:]
        try each(range) { walk, field in
            guard [1, 2].contains(field.number) else { return }
            guard texts[field.number] == nil else { throw FormatFault(.duplicate, "external_data", "an entry has two keys or values") }
            texts[field.number] = try walk.text(field.value, "external_data")
        }
        let key = texts[1] ?? ""
        guard parts.external[key] == nil else { throw FormatFault(.duplicate, "external_data \(key)", "the same key stands there twice") }
        guard parts.external.count < 64 else { throw FormatFault.tooLarge("external_data", "more than 64 keys") }
        parts.external[key] = texts[2] ?? ""
    }

    // MARK: Sizes

    private static func product(_ tensor: ONNXTensor) throws(FormatFault) -> Int64 {
        var product: Int64 = 1
        for size in tensor.shape {
            guard size >= 0 else { throw .badValue("tensor \(tensor.name)", "a size of \(size)") }
            let (next, overflows) = product.multipliedReportingOverflow(by: size)
            guard !overflows else { throw .tooLarge("tensor \(tensor.name)", "the product of its shape does not fit 63 bits") }
            product = next
        }
        return product
    }

    /// - Returns: `nil` for texts and types that are not known here.
    private static func bytes(of tensor: ONNXTensor) throws(FormatFault) -> Int64? {
        guard let size = tensor.type.bits else { return nil }
        let (bits, overflows) = tensor.elements.multipliedReportingOverflow(by: size)
        guard !overflows else { throw .tooLarge("tensor \(tensor.name)", "its bits do not fit 63 bits") }
        // The last byte of 4-bit elements may be half full.
        return bits / 8 + (bits % 8 == 0 ? 0 : 1)
    }

    // MARK: External data

    /// The checks of the text that three fixes of the reference implementation had missed something of (CVE-2022-25882,
    /// CVE-2024-27318, CVE-2026-27489). Whether a link lies on the way is for whoever opens the file.
    private static func place(_ entries: [String: String], of tensor: ONNXTensor, needed: Int64?) throws(FormatFault) -> ONNXExternalData {
        let field = "tensor \(tensor.name)"
        guard let location = entries["location"] else { throw FormatFault(.unsafePath, field, "external data without a location") }
        let path = try UntrustedName.relativePath(location, field: field)
        let offset = try number(entries["offset"], "\(field): offset") ?? 0
        let told = try number(entries["length"], "\(field): length")
        guard let length = told ?? needed else { throw .badValue(field, "external data without a length") }
        if let needed, length != needed { throw .badValue(field, "\(length) bytes of external data, and type and shape make \(needed)") }
        guard !offset.addingReportingOverflow(length).overflow else { throw .tooLarge(field, "its external data ends beyond any file") }
        return ONNXExternalData(location: path, offset: offset, length: length)
    }

    /// Digits and nothing else: `-1`, `+1` and blanks are refused.
    private static func number(_ text: String?, _ field: String) throws(FormatFault) -> Int64? {
        guard let text else { return nil }
        guard text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let number = Int64(text) else {
            throw .badValue(field, "“\(UntrustedName.printable(text))” is no size")
        }
        return number
    }
}
