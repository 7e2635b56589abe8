// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension GGUFHeader {
    /// Words of the twin: few enough that the scores of all of them weigh nothing.
    static let twinVocabulary = 256

    /// The same model with hardly any vocabulary.
    ///
    /// Why: the tool that tells what an engine would take counts scores for every token of a batch (262,144 words ×
    /// 512 tokens × 4 bytes are half a gigabyte), which a server that answers one conversation never makes, and they hide
    /// the buffers that it does make. The twin has all of the model but those; and its header has kilobytes, not megabytes.
    public func twin(in source: some ByteSource) throws -> GGUFDraft {
        let architecture = metadata["general.architecture"]?.text ?? ""
        let vocabulary = try ModelFacts(self, in: source).vocabulary ?? 0
        var draft = GGUFDraft()
        draft.metadata = [
            ("tokenizer.ggml.model", .text("no_vocab")), ("\(architecture).vocab_size", .unsigned(UInt32(Self.twinVocabulary))),
        ]
        let dropped: Set = ["\(architecture).vocab_size", "general.alignment"]
        for (key, range) in fields where !key.hasPrefix("tokenizer.") && !key.hasPrefix("split.") && !dropped.contains(key) {
            let field = try source.withBytes(Int64(range.lowerBound)..<Int64(range.upperBound)) { Array($0) }
            draft.copied.append(field)
        }
        draft.tensors = tensors.map { tensor in
            var shape = (0..<tensor.dimensions).map { Int(tensor.shape[$0]) }
            if !tensor.name.hasPrefix("blk."), vocabulary > 0 {
                shape = shape.enumerated().map {
                    $0.element == vocabulary && ($0.offset > 0 || shape.count == 1) ? Self.twinVocabulary : $0.element
                }
            }
            return GGUFDraft.Tensor(tensor.name, shape, tensor.type)
        }
        return draft
    }
}
