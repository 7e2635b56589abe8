// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// What the files beside a model that makes vectors say of it.
struct EmbedderSettings: Sendable {
    var tokenizer: WordPieceTokenizer
    var pooling: Pooling
    /// Tokens that it was made for.
    var longestInput: Int
    var embedding: Int?

    /// - Throws: `Failure.damagedModel` for what is missing or wrong, `Failure.modelNotSupported` for what we do not compute as its
    ///   makers do.
    init(folder: String) throws {
        try Self.checkModules(ModelFiles.optionalJSON("modules.json", in: folder))
        tokenizer = try WordPieceTokenizer(ModelFiles.json("tokenizer.json", in: folder))
        pooling = try Pooling(ModelFiles.optionalJSON("1_Pooling/config.json", in: folder))
        let config = try ModelFiles.json("config.json", in: folder)
        longestInput = try Self.longest(config, ModelFiles.optionalJSON("tokenizer_config.json", in: folder))
        embedding = config["hidden_size"]?.integer.flatMap { Int(exactly: $0) }
        if let padding = config["pad_token_id"]?.integer.flatMap({ Int32(exactly: $0) }), padding >= 0 { tokenizer.padding = padding }
    }

    /// A layer behind the pooling makes other vectors.
    private static func checkModules(_ modules: BoundedJSON.Value?) throws {
        let known = ["Transformer", "Pooling", "Normalize"]
        for module in modules?.elements ?? [] {
            let name = module["type"]?.string?.split(separator: ".").last.map(String.init) ?? "unnamed"
            guard known.contains(name) else { throw Failure.modelNotSupported("it ends in a layer of the kind \(name)") }
        }
    }

    private static func longest(_ config: BoundedJSON.Value, _ tokenizer: BoundedJSON.Value?) throws -> Int {
        guard let positions = config["max_position_embeddings"]?.integer.flatMap({ Int(exactly: $0) }), positions > 0 else {
            throw Failure.damagedModel("config.json: “max_position_embeddings” is missing or wrong")
        }
        // These count their positions from behind the padding's number.
        let offset = ["mpnet", "roberta", "xlm-roberta", "camembert"].contains(config["model_type"]?.string ?? "") ? 2 : 0
        // Where nobody set it, it is an astronomic number.
        let length = tokenizer?["model_max_length"]?.integer.flatMap { Int(exactly: $0) } ?? .max
        guard positions > offset, length > 0 else { throw Failure.damagedModel("the longest input would have no token") }
        return min(positions - offset, length)
    }
}
