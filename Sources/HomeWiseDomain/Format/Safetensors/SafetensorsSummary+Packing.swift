// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension SafetensorsSummary {
    /// How many weights a tensor stands for where several are packed into one integer.
    ///
    /// The habits of writers, by names: GPTQ and AWQ `….qweight` (I32), compressed-tensors `….weight_packed`, gpt-oss
    /// `…_blocks` (U8, beside `…_scales`), bitsandbytes `….weight` (U8, beside `….weight.absmax`), MLX `….weight` (U32, beside `….scales`).
    struct Packing {
        private let names: Set<String>
        private let bits: Int64

        init(_ header: SafetensorsHeader, bits: Int?) {
            // Only the names that mark a packed neighbour are worth keeping.
            names = Set(header.tensors.lazy.map(\.name).filter { $0.hasSuffix(".absmax") || $0.hasSuffix("scales") })
            self.bits = bits.map(Int64.init).flatMap { (1...16).contains($0) ? $0 : nil } ?? 4
        }

        func parameters(of tensor: SafetensorsHeader.Tensor) -> Int64 {
            if isPacked(tensor) { return tensor.byteCount.multipliedClamped(by: 8) / bits }
            return tensor.type.isWeight && !isHelper(tensor.name) ? tensor.elements : 0
        }

        private func isPacked(_ tensor: SafetensorsHeader.Tensor) -> Bool {
            let name = tensor.name
            guard [.u8, .i32, .u32].contains(tensor.type) else { return false }
            if name.hasSuffix(".qweight") || name.hasSuffix(".weight_packed") { return true }
            if name.hasSuffix("_blocks") { return names.contains(name.dropLast("blocks".count) + "scales") }
            guard name.hasSuffix(".weight") else { return false }
            return names.contains(name + ".absmax") || names.contains(name.dropLast("weight".count) + "scales")
        }

        /// Scales and zero points make weights of integers; they are none themselves.
        private func isHelper(_ name: String) -> Bool {
            let ending = name.split(separator: ".").last.map(String.init) ?? name
            return ["scales", "qzeros", "absmax", "nested_absmax", "quant_map", "nested_quant_map", "weight_scale", "weight_scale_inv"]
                .contains(ending) || ending.hasSuffix("_scales")
                || (ending == "biases" && names.contains(name.dropLast("biases".count) + "scales"))
        }
    }
}
