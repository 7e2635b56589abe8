// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What a scan of a pickle found. **It is a label, never a permission**: a pickle is a program, and every scanner that gave
/// permissions has been fooled. Even `allowed` only means that nothing but the globals of plain tensors is named; whatever loads
/// the file must still be the restricted loader, pinned and in a sandbox.
public enum PickleVerdict: Sendable, Equatable, Codable {
    /// Everything was understood, and only names of the list of tensors' globals appear.
    case allowed
    /// Other globals are named; these.
    case unsafe(globals: [String])
    /// Something was not understood: broken, cut off, compressed, hidden or unusual.
    case unknown(reason: String)

    public var isAllowed: Bool { self == .allowed }
}

/// Globals that a file of plain tensors needs. Everything that is not here is unsafe, whatever it does.
///
/// `torch.storage._load_from_bytes` is missing on purpose: it unpickles its argument.
enum PickleAllowlist {
    enum Role: Equatable {
        case dictionary, tensor, typedTensor, parameter, plain
        /// A storage class, with its element type as `SafetensorsType` names it and its bytes.
        case storage(type: String, bytes: Int64)
        case type(String)
    }

    static let roles: [String: Role] = [
        "collections.OrderedDict": .dictionary,
        "torch._utils._rebuild_tensor": .tensor,
        "torch._utils._rebuild_tensor_v2": .tensor,
        "torch._utils._rebuild_tensor_v3": .typedTensor,
        "torch._utils._rebuild_parameter": .parameter,
        "torch.Size": .plain,
        "torch.device": .plain,
        "torch.FloatStorage": .storage(type: "F32", bytes: 4),
        "torch.DoubleStorage": .storage(type: "F64", bytes: 8),
        "torch.HalfStorage": .storage(type: "F16", bytes: 2),
        "torch.BFloat16Storage": .storage(type: "BF16", bytes: 2),
        "torch.ByteStorage": .storage(type: "U8", bytes: 1),
        "torch.CharStorage": .storage(type: "I8", bytes: 1),
        "torch.ShortStorage": .storage(type: "I16", bytes: 2),
        "torch.IntStorage": .storage(type: "I32", bytes: 4),
        "torch.LongStorage": .storage(type: "I64", bytes: 8),
        "torch.BoolStorage": .storage(type: "BOOL", bytes: 1),
        "torch.ComplexFloatStorage": .storage(type: "C64", bytes: 8),
        "torch.storage.UntypedStorage": .storage(type: "U8", bytes: 1),
        "torch.float16": .type("F16"), "torch.bfloat16": .type("BF16"), "torch.float32": .type("F32"), "torch.float64": .type("F64"),
        "torch.int8": .type("I8"), "torch.int16": .type("I16"), "torch.int32": .type("I32"), "torch.int64": .type("I64"),
        "torch.uint8": .type("U8"), "torch.bool": .type("BOOL"), "torch.complex64": .type("C64"),
        "torch.float8_e4m3fn": .type("F8_E4M3"), "torch.float8_e5m2": .type("F8_E5M2"),
    ]
}
