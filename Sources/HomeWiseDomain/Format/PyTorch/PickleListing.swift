// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// A walk over the opcodes of one pickle, of protocols 0 to 5. Nothing is imported, called or built: the stack holds notes of
/// what would lie there, and what the walk does not understand ends it with a doubt.
public struct PickleListing: Sendable, Equatable {
    /// A tensor as the pickle describes it; its data lies in a storage.
    public struct Tensor: Sendable, Equatable {
        /// The key that it is put under; `nil` where it is under none.
        public var name: String?
        /// As safetensors names it: `F16`.
        public let type: String
        public let shape: [Int64]
        public let storage: String
        /// Elements of the storage before the tensor's first.
        public let offset: Int64

        /// The product of the shape, which was checked to fit its storage.
        public var elements: Int64 { shape.reduce(1) { $0.multipliedClamped(by: $1) } }
    }

    public struct Storage: Sendable, Equatable {
        public let type: String
        public let byteCount: Int64
    }

    /// Every global that is named, once, in the order of appearance: `torch._utils._rebuild_tensor_v2`.
    public internal(set) var globals: [String] = []
    public internal(set) var tensors: [Tensor] = []
    /// By the key that a file gives them.
    public internal(set) var storages: [String: Storage] = [:]
    /// What was not understood; `nil` where all was.
    public internal(set) var doubt: String?
    /// Bytes of the pickle, the final opcode included.
    public internal(set) var length = 0

    /// Unsafe globals outweigh a doubt: they are known.
    public var verdict: PickleVerdict {
        let strangers = globals.filter { PickleAllowlist.roles[$0] == nil }
        if !strangers.isEmpty { return .unsafe(globals: strangers) }
        return doubt.map { .unknown(reason: $0) } ?? .allowed
    }

    /// - Parameters:
    ///   - bytes: the pickle from its first byte.
    ///   - mayContinue: whether other bytes may follow it; otherwise they are a doubt.
    public init(_ bytes: ArraySlice<UInt8>, mayContinue: Bool = false) {
        var machine = PickleMachine(bytes)
        machine.run()
        self = machine.listing
        if doubt == nil, !mayContinue, length < bytes.count { doubt = "\(bytes.count - length) bytes follow the end of the pickle" }
    }

    /// A listing with nothing in it, for a walk to fill.
    init() {}
}
