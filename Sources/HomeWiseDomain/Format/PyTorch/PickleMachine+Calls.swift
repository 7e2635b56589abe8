// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension PickleMachine {
    /// Everything that names, makes or changes an object.
    mutating func handleCall(_ code: UInt8) throws(PickleDoubt) -> Bool {
        switch code {
        case UInt8(ascii: "c"): try nameGlobal()  // GLOBAL
        case 0x93: try nameFromStack()  // STACK_GLOBAL
        case UInt8(ascii: "i"): try instantiate()  // INST
        case UInt8(ascii: "R"): try reduce()  // REDUCE
        case UInt8(ascii: "b"): try build()  // BUILD
        case UInt8(ascii: "Q"): try push(storage(pop()))  // BINPERSID
        case UInt8(ascii: "P"): _ = try (line(), note("it names an object outside the file"), push(.other))  // PERSID
        case UInt8(ascii: "o"): _ = try (popToMark(), pushObject())  // OBJ
        case 0x81: _ = try (pop(), pop(), pushObject())  // NEWOBJ
        case 0x92: _ = try (pop(), pop(), pop(), pushObject())  // NEWOBJ_EX
        case 0x82: _ = try (take(1), pushNumbered())  // EXT1
        case 0x83: _ = try (take(2), pushNumbered())  // EXT2
        case 0x84: _ = try (take(4), pushNumbered())  // EXT4
        case 0x97: _ = try (note("it takes buffers from outside"), push(.other))  // NEXT_BUFFER
        case 0x98: note("it takes buffers from outside")  // READONLY_BUFFER
        default: return false
        }
        return true
    }

    private mutating func nameGlobal() throws(PickleDoubt) {
        let module = try line()
        try name(String(decoding: module, as: UTF8.self), String(decoding: line(), as: UTF8.self))
    }

    private mutating func nameFromStack() throws(PickleDoubt) {
        guard let name = try pop().text, let module = try pop().text else { throw PickleDoubt("a global's name is put together") }
        try self.name(module, name)
    }

    /// An old form, which names a class and calls it with what lies above the mark.
    private mutating func instantiate() throws(PickleDoubt) {
        try nameGlobal()
        _ = try (pop(), popToMark())
        try pushObject()
    }

    private mutating func pushObject() throws(PickleDoubt) {
        note("it makes objects, which no tensor needs")
        try push(.other)
    }

    private mutating func pushNumbered() throws(PickleDoubt) {
        note("it names a global by a number")
        try push(.other)
    }

    private mutating func reduce() throws(PickleDoubt) {
        let arguments = try pop()
        guard case .global(let global) = try pop(), let role = PickleAllowlist.roles[global], let items = arguments.items else {
            // The names are listed already; what comes of the call is not known.
            note("it calls something else than what makes tensors")
            return try push(.other)
        }
        switch role {
        case .dictionary: try push(.container(.dictionary))
        case .tensor: try push(.tensor(tensor(items, type: nil)))
        case .typedTensor: try push(.tensor(tensor(items, type: items.count > 6 ? items[6] : .other)))
        case .parameter:
            guard let tensor = items.first, case .tensor = tensor else { throw PickleDoubt("a parameter is no tensor") }
            try push(tensor)
        case .plain: try push(.other)
        case .storage, .type: throw PickleDoubt("it calls \(global), which tensors do not")
        }
    }

    /// State goes into dictionaries only (an OrderedDict keeps versions there); elsewhere it runs code.
    private mutating func build() throws(PickleDoubt) {
        _ = try pop()
        if try top() != .container(.dictionary) { note("it sets the state of something that is no dictionary") }
    }

    // MARK: Tensors

    /// `('storage', class, key, device, elements)`, and in old files a sixth item for views.
    private mutating func storage(_ value: PickleValue) throws(PickleDoubt) -> PickleValue {
        guard let items = value.items, (5...6).contains(items.count), items[0] == .text("storage"), case .global(let name) = items[1],
            case .storage(let type, let size) = PickleAllowlist.roles[name], let key = items[2].text, let count = items[4].integer,
            count >= 0
        else { throw PickleDoubt("it names an object outside the file that is no storage") }
        let (bytes, overflows) = count.multipliedReportingOverflow(by: size)
        let storage = PickleListing.Storage(type: type, byteCount: bytes)
        guard !overflows, listing.storages[key] == nil || listing.storages[key] == storage else {
            throw PickleDoubt("a storage's size is told twice")
        }
        listing.storages[key] = storage
        return .storage(key)
    }

    /// Arguments: storage, offset, shape, strides, and others of no interest.
    private func tensor(_ items: [PickleValue], type: PickleValue?) throws(PickleDoubt) -> PickleListing.Tensor {
        guard items.count >= 4, case .storage(let key) = items[0], let storage = listing.storages[key], let offset = items[1].integer,
            let shape = items[2].integers, let strides = items[3].integers, shape.count == strides.count
        else { throw PickleDoubt("a tensor's arguments are unusual") }
        var name = storage.type
        if let type {
            guard case .global(let global) = type, case .type(let told) = PickleAllowlist.roles[global] else {
                throw PickleDoubt("a tensor's type is unusual")
            }
            name = told
        }
        let tensor = PickleListing.Tensor(name: nil, type: name, shape: shape, storage: key, offset: offset)
        guard fits(tensor, strides, storage) else { throw PickleDoubt("a tensor reaches beyond its storage") }
        return tensor
    }

    private func fits(_ tensor: PickleListing.Tensor, _ strides: [Int64], _ storage: PickleListing.Storage) -> Bool {
        guard tensor.offset >= 0, tensor.shape.allSatisfy({ $0 >= 0 }), strides.allSatisfy({ $0 >= 0 }) else { return false }
        if tensor.shape.contains(0) { return true }
        var end = tensor.offset.addingClamped(1)
        for (size, step) in zip(tensor.shape, strides) { end = end.addingClamped((size - 1).multipliedClamped(by: step)) }
        let bits = SafetensorsType(rawValue: tensor.type)?.bits ?? 8
        return end.multipliedClamped(by: bits) <= storage.byteCount.multipliedClamped(by: 8) && end < .max
    }
}
