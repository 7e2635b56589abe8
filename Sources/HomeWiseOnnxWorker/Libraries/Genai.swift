// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// The C functions of onnxruntime-genai that we use (0.18). Every object is an opaque address; a function that can fail returns
/// an error object or nothing.
struct Genai: Sendable {
    typealias Object = OpaquePointer?
    typealias Out = UnsafeMutablePointer<OpaquePointer?>
    typealias Text = UnsafePointer<CChar>?
    typealias Destroy = @convention(c) @Sendable (Object) -> Void

    let createConfig: @convention(c) @Sendable (Text, Out) -> Object
    let clearProviders: @convention(c) @Sendable (Object) -> Object
    let overlay: @convention(c) @Sendable (Object, Text) -> Object
    let createModel: @convention(c) @Sendable (Object, Out) -> Object
    let createParams: @convention(c) @Sendable (Object, Out) -> Object
    let setNumber: @convention(c) @Sendable (Object, Text, Double) -> Object
    let setBool: @convention(c) @Sendable (Object, Text, Bool) -> Object
    let createGenerator: @convention(c) @Sendable (Object, Object, Out) -> Object
    let appendTokens: @convention(c) @Sendable (Object, UnsafePointer<Int32>?, Int) -> Object
    let generateNext: @convention(c) @Sendable (Object) -> Object
    let nextTokens: @convention(c) @Sendable (Object, UnsafeMutablePointer<UnsafePointer<Int32>?>, UnsafeMutablePointer<Int>) -> Object
    let isDone: @convention(c) @Sendable (Object) -> Bool
    let setRuntimeOption: @convention(c) @Sendable (Object, Text, Text) -> Object
    let createTokenizer: @convention(c) @Sendable (Object, Out) -> Object
    let createStream: @convention(c) @Sendable (Object, Out) -> Object
    let decode: @convention(c) @Sendable (Object, Int32, UnsafeMutablePointer<Text>) -> Object
    let createSequences: @convention(c) @Sendable (Out) -> Object
    let encode: @convention(c) @Sendable (Object, Text, Object) -> Object
    let sequenceCount: @convention(c) @Sendable (Object, Int) -> Int
    let sequenceData: @convention(c) @Sendable (Object, Int) -> UnsafePointer<Int32>?
    let applyTemplate: @convention(c) @Sendable (Object, Text, Text, Text, Bool, UnsafeMutablePointer<Text>) -> Object
    let endTokens: @convention(c) @Sendable (Object, UnsafeMutablePointer<UnsafePointer<Int32>?>, UnsafeMutablePointer<Int>) -> Object
    let setTelemetry: @convention(c) @Sendable (Bool) -> Void
    let destroyConfig, destroyModel, destroyParams, destroyGenerator: Destroy
    let destroyTokenizer, destroyStream, destroySequences: Destroy
    private let errorText: @convention(c) @Sendable (Object) -> Text
    private let destroyResult: Destroy
    private let destroyString: @convention(c) @Sendable (Text) -> Void

    /// onnxruntime itself must be open before.
    ///
    /// - Throws: `Failure.libraryMissing`, or `Failure.libraryUnfit` naming the function that another version lacks.
    init(folder: String) throws {
        let library = try DynamicLibrary(folder: folder, names: ["libonnxruntime-genai.so", "libonnxruntime-genai.dylib"])
        createConfig = try library.symbol("OgaCreateConfig")
        clearProviders = try library.symbol("OgaConfigClearProviders")
        overlay = try library.symbol("OgaConfigOverlay")
        createModel = try library.symbol("OgaCreateModelFromConfig")
        createParams = try library.symbol("OgaCreateGeneratorParams")
        setNumber = try library.symbol("OgaGeneratorParamsSetSearchNumber")
        setBool = try library.symbol("OgaGeneratorParamsSetSearchBool")
        createGenerator = try library.symbol("OgaCreateGenerator")
        appendTokens = try library.symbol("OgaGenerator_AppendTokens")
        generateNext = try library.symbol("OgaGenerator_GenerateNextToken")
        nextTokens = try library.symbol("OgaGenerator_GetNextTokens")
        isDone = try library.symbol("OgaGenerator_IsDone")
        setRuntimeOption = try library.symbol("OgaGenerator_SetRuntimeOption")
        createTokenizer = try library.symbol("OgaCreateTokenizer")
        createStream = try library.symbol("OgaCreateTokenizerStream")
        decode = try library.symbol("OgaTokenizerStreamDecode")
        createSequences = try library.symbol("OgaCreateSequences")
        encode = try library.symbol("OgaTokenizerEncode")
        sequenceCount = try library.symbol("OgaSequencesGetSequenceCount")
        sequenceData = try library.symbol("OgaSequencesGetSequenceData")
        applyTemplate = try library.symbol("OgaTokenizerApplyChatTemplate")
        endTokens = try library.symbol("OgaTokenizerGetEosTokenIds")
        setTelemetry = try library.symbol("OgaSetTelemetryEnabled")
        destroyConfig = try library.symbol("OgaDestroyConfig")
        destroyModel = try library.symbol("OgaDestroyModel")
        destroyParams = try library.symbol("OgaDestroyGeneratorParams")
        destroyGenerator = try library.symbol("OgaDestroyGenerator")
        destroyTokenizer = try library.symbol("OgaDestroyTokenizer")
        destroyStream = try library.symbol("OgaDestroyTokenizerStream")
        destroySequences = try library.symbol("OgaDestroySequences")
        errorText = try library.symbol("OgaResultGetError")
        destroyResult = try library.symbol("OgaDestroyResult")
        destroyString = try library.symbol("OgaDestroyString")
    }

    /// - Throws: `GenaiError` when the library returned one.
    func check(_ result: Object) throws(GenaiError) {
        guard let result else { return }
        defer { destroyResult(result) }
        throw GenaiError(text: errorText(result).map { String(cString: $0) } ?? "it gave no reason")
    }

    /// The object that a function makes, freed with the last reference to it.
    func make(_ destroy: @escaping Destroy, _ create: (Out) -> Object) throws(GenaiError) -> GenaiObject {
        var object: OpaquePointer?
        try check(create(&object))
        guard let object else { throw GenaiError(text: "it made nothing") }
        return GenaiObject(object, destroy: destroy)
    }

    /// A text that the library made for us.
    func text(_ create: (UnsafeMutablePointer<Text>) -> Object) throws(GenaiError) -> String {
        var text: UnsafePointer<CChar>?
        try check(create(&text))
        guard let text else { return "" }
        defer { destroyString(text) }
        return String(cString: text)
    }
}

/// The library's own words.
struct GenaiError: Error {
    let text: String
}

/// Owns an object of the library. Only its address is kept, so that it can be handed from one actor to another; who uses it from
/// two threads at once has to know that the library allows that.
final class GenaiObject: Sendable {
    private let address: UInt
    private let destroy: Genai.Destroy

    init(_ pointer: OpaquePointer, destroy: @escaping Genai.Destroy) {
        address = UInt(bitPattern: pointer)
        self.destroy = destroy
    }

    deinit { destroy(pointer) }

    var pointer: OpaquePointer? { OpaquePointer(bitPattern: address) }
}
