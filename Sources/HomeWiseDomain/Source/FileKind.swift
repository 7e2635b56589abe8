// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What a file is, as its name tells.
enum FileKind {
    static func role(of file: ListedFile) -> ModelFileRole {
        let name = file.path.name.lowercased()
        switch file.ending {
        case "gguf" where name.contains("mmproj"): return .projector
        case "gguf", "safetensors", "onnx", "pt", "pth", "ckpt": return .weights
        case "bin" where isPickle(file): return .weights
        default: return isOnnxData(name) ? .weights : .support
        }
    }

    /// Weights in Python's pickles, which are programs.
    static func isPickle(_ file: ListedFile) -> Bool {
        let name = file.path.name.lowercased()
        if ["pt", "pth", "ckpt", "pkl"].contains(file.ending) { return true }
        return file.ending == "bin" && ["pytorch_model", "model", "consolidated", "adapter_model"].contains { name.hasPrefix($0) }
    }

    /// Weights that ONNX keeps beside the graph: `model.onnx.data`, `model.onnx_data_1`.
    static func isOnnxData(_ name: String) -> Bool {
        name.contains(".onnx_data") || name.hasSuffix(".onnx.data") || name.hasSuffix(".data")
    }

    /// Configuration, tokenizer, template or licence; not what is for people or for training alone.
    static func isSupport(_ file: ListedFile) -> Bool {
        let name = file.path.name
        if name.hasPrefix(".") || name.hasSuffix(".bin.index.json") || file.size > largestSupport { return false }
        if ["LICENSE", "LICENCE", "NOTICE"].contains(where: { name.uppercased().hasPrefix($0) }) { return true }
        if ["trainer_state", "training_args", "optimizer", "requirements"].contains(where: { name.hasPrefix($0) }) { return false }
        return ["json", "txt", "model", "jinja", "tiktoken", "spm", "vocab"].contains(file.ending)
    }

    /// Bytes; the largest tokenizers have some 40 MB.
    private static let largestSupport: Int64 = 128 << 20

    /// `1_Pooling`: a step behind the model, as sentence-transformers keeps it.
    static func isStep(_ folder: String) -> Bool {
        guard let first = folder.utf8.first, !folder.contains("/") else { return false }
        return 0x30...0x39 ~= first && folder.contains("_")
    }
}

extension ListedFile {
    /// What a file of this name is to its model.
    public static func role(of path: SafePath) -> ModelFileRole { FileKind.role(of: ListedFile(path: path, size: 1)) }
}
