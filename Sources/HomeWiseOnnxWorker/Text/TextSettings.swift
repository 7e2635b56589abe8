// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// What the files beside a model that writes text say of it.
struct TextSettings: Sendable, Equatable {
    /// Tokens that it was made for.
    var longestContext: Int?
    var vocabulary: Int?
    var embedding: Int?
    /// The token that a plain text begins with, where the tokenizer says that it does.
    var beginning: Int32?

    /// - Throws: `Failure.damagedModel` for what is missing or wrong, and for a configuration that names code.
    init(folder: String) throws {
        let bytes = try ModelFiles.read("genai_config.json", in: folder, most: 4 << 20)
        do {
            let config = try GenAIConfig(bytes)
            try config.screen.check()
            for file in config.files where !FileManager.default.fileExists(atPath: "\(folder)/\(file.value)") {
                throw Failure.damagedModel("\(file.value) is missing")
            }
            longestContext = config.facts.contextLength.flatMap { Int(exactly: $0) }
            vocabulary = config.facts.vocabulary.flatMap { Int(exactly: $0) }
            embedding = config.facts.embedding.flatMap { Int(exactly: $0) }
            beginning = try Self.beginning(bytes, folder: folder)
        } catch let fault as FormatFault { throw Failure.damagedModel("\(fault.field): \(fault.reason)") }
        guard FileManager.default.fileExists(atPath: "\(folder)/tokenizer.json") else {
            throw Failure.damagedModel("tokenizer.json is missing")
        }
    }

    private static func beginning(_ config: [UInt8], folder: String) throws -> Int32? {
        guard FileManager.default.fileExists(atPath: "\(folder)/tokenizer_config.json") else { return nil }
        let tokenizer = try ModelFiles.json("tokenizer_config.json", in: folder)
        guard tokenizer["add_bos_token"]?.bool == true else { return nil }
        let token = try BoundedJSON(config, field: "genai_config.json").root["model"]?["bos_token_id"]?.integer
        return token.flatMap { Int32(exactly: $0) }
    }
}

/// Files of a model's folder, read whole.
enum ModelFiles {
    /// - Throws: `Failure.damagedModel` where it is missing, unreadable or larger than such a file ever is.
    static func read(_ name: String, in folder: String, most: Int = 64 << 20) throws -> [UInt8] {
        let path = "\(folder)/\(name)"
        guard FileManager.default.fileExists(atPath: path) else { throw Failure.damagedModel("\(name) is missing") }
        do {
            let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
            guard size <= most else { throw Failure.damagedModel("\(name) has \(size) bytes, which is more than such a file has") }
            return try Array(Data(contentsOf: URL(filePath: path)))
        } catch let failure as Failure { throw failure } catch {
            throw Failure.damagedModel("\(name) cannot be read (\(error.localizedDescription))")
        }
    }

    static func json(_ name: String, in folder: String) throws -> BoundedJSON.Value {
        let bytes = try read(name, in: folder)
        do { return try BoundedJSON(bytes, field: name, limits: .init(bytes: 64 << 20)).root } catch {
            throw Failure.damagedModel("\(error.field): \(error.reason)")
        }
    }

    static func optionalJSON(_ name: String, in folder: String) throws -> BoundedJSON.Value? {
        FileManager.default.fileExists(atPath: "\(folder)/\(name)") ? try json(name, in: folder) : nil
    }
}
