// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// The C functions of onnxruntime that we use. They stand in a table that only ever grows: a place once given stays (the places here
/// are those of version 17 of the table, and the tests call each of them).
struct Runtime: Sendable {
    typealias Object = OpaquePointer?
    typealias Out = UnsafeMutablePointer<OpaquePointer?>
    typealias Text = UnsafePointer<CChar>?
    typealias Release = @convention(c) @Sendable (Object) -> Void
    typealias Count = UnsafeMutablePointer<Int>

    /// As the library gives it: “1.32.0”.
    let version: String
    let createEnvironment: @convention(c) @Sendable (Int32, Text, Out) -> Object
    let createSession: @convention(c) @Sendable (Object, Text, Object, Out) -> Object
    let run:
        @convention(c) @Sendable (
            Object, Object, UnsafePointer<Text>, UnsafePointer<OpaquePointer?>, Int, UnsafePointer<Text>, Int, Out
        ) -> Object
    let createOptions: @convention(c) @Sendable (Out) -> Object
    let setThreads: @convention(c) @Sendable (Object, Int32) -> Object
    let addConfigEntry: @convention(c) @Sendable (Object, Text, Text) -> Object
    let inputCount, outputCount: @convention(c) @Sendable (Object, Count) -> Object
    let inputType, outputType: @convention(c) @Sendable (Object, Int, Out) -> Object
    let inputName, outputName: @convention(c) @Sendable (Object, Int, Object, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Object
    let createRunOptions: @convention(c) @Sendable (Out) -> Object
    let terminate: @convention(c) @Sendable (Object) -> Object
    let createTensor: @convention(c) @Sendable (Object, UnsafeMutableRawPointer?, Int, UnsafePointer<Int64>, Int, Int32, Out) -> Object
    let tensorData: @convention(c) @Sendable (Object, UnsafeMutablePointer<UnsafeMutableRawPointer?>) -> Object
    let tensorInfo: @convention(c) @Sendable (Object, Out) -> Object
    let elementType: @convention(c) @Sendable (Object, UnsafeMutablePointer<Int32>) -> Object
    let rank: @convention(c) @Sendable (Object, Count) -> Object
    let dimensions: @convention(c) @Sendable (Object, UnsafeMutablePointer<Int64>, Int) -> Object
    let typeAndShape: @convention(c) @Sendable (Object, Out) -> Object
    let createMemoryInfo: @convention(c) @Sendable (Int32, Int32, Out) -> Object
    let free: @convention(c) @Sendable (Object, UnsafeMutableRawPointer?) -> Object
    let defaultAllocator: @convention(c) @Sendable (Out) -> Object
    let releaseEnvironment, releaseMemoryInfo, releaseSession, releaseValue: Release
    let releaseRunOptions, releaseType, releaseShape, releaseOptions: Release
    private let errorText: @convention(c) @Sendable (Object) -> Text
    private let releaseStatus: Release

    /// The version of the table that is asked for; libraries from 1.17 on have it.
    private static let table: UInt32 = 17

    private struct Base {
        let getAPI: @convention(c) (UInt32) -> UnsafePointer<UnsafeRawPointer?>?
        let getVersion: @convention(c) () -> UnsafePointer<CChar>?
    }

    /// - Throws: `Failure.libraryMissing`, or `Failure.libraryUnfit` for a version without our table.
    init(folder: String) throws {
        let library = try DynamicLibrary(
            folder: folder, names: ["libonnxruntime.so.1", "libonnxruntime.so", "libonnxruntime.1.dylib", "libonnxruntime.dylib"])
        let getBase: @convention(c) () -> UnsafePointer<UnsafeRawPointer?>? = try library.symbol("OrtGetApiBase")
        guard let base = getBase() else { throw Failure.libraryUnfit(library.name, "it has no table of functions") }
        let entry = Base(
            getAPI: unsafeBitCast(base[0], to: (@convention(c) (UInt32) -> UnsafePointer<UnsafeRawPointer?>?).self),
            getVersion: unsafeBitCast(base[1], to: (@convention(c) () -> UnsafePointer<CChar>?).self))
        version = entry.getVersion().map { String(cString: $0) } ?? "unknown"
        guard Self.isKnown(version), let table = entry.getAPI(Self.table) else {
            throw Failure.libraryUnfit(library.name, "it has version \(version), and 1.17 or a later 1.x is needed")
        }
        func at<Function>(_ place: Int) -> Function { unsafeBitCast(table[place], to: Function.self) }
        errorText = at(2)
        createEnvironment = at(3)
        createSession = at(7)
        run = at(9)
        createOptions = at(10)
        setThreads = at(24)
        inputCount = at(30)
        outputCount = at(31)
        inputType = at(33)
        outputType = at(34)
        inputName = at(36)
        outputName = at(37)
        createRunOptions = at(39)
        terminate = at(46)
        createTensor = at(49)
        tensorData = at(51)
        tensorInfo = at(55)
        elementType = at(60)
        rank = at(61)
        dimensions = at(62)
        typeAndShape = at(65)
        createMemoryInfo = at(69)
        free = at(76)
        defaultAllocator = at(78)
        releaseEnvironment = at(92)
        releaseStatus = at(93)
        releaseMemoryInfo = at(94)
        releaseSession = at(95)
        releaseValue = at(96)
        releaseRunOptions = at(97)
        releaseType = at(98)
        releaseShape = at(99)
        releaseOptions = at(100)
        addConfigEntry = at(130)
    }

    /// Versions of the first series that have table 17.
    static func isKnown(_ version: String) -> Bool {
        let parts = version.split(separator: ".").map { Int($0) }
        guard parts.count >= 2, parts[0] == 1, let minor = parts[1] else { return false }
        return minor >= Int(table)
    }

    /// - Throws: `RuntimeError` when the library returned one.
    func check(_ status: Object) throws(RuntimeError) {
        guard let status else { return }
        defer { releaseStatus(status) }
        throw RuntimeError(text: errorText(status).map { String(cString: $0) } ?? "it gave no reason")
    }

    /// The object that a function makes; the caller releases it.
    func make(_ create: (Out) -> Object) throws(RuntimeError) -> OpaquePointer {
        var object: OpaquePointer?
        try check(create(&object))
        guard let object else { throw RuntimeError(text: "it made nothing") }
        return object
    }
}

/// The library's own words.
struct RuntimeError: Error {
    let text: String
}
