// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// A shared library that stays open for the life of the program.
struct DynamicLibrary: Sendable {
    /// Its name without folder, for messages.
    let name: String
    /// The handle, as a number: it is never closed, and whoever has it may ask for symbols from any thread.
    private let handle: UInt

    /// Opens the first of the names that is in the folder. What it exports is seen by libraries that are opened later.
    ///
    /// - Throws: `Failure.libraryMissing` with the loader's own words.
    init(folder: String, names: [String]) throws {
        guard let name = names.first(where: { FileManager.default.fileExists(atPath: "\(folder)/\($0)") }) else {
            throw Failure.libraryMissing(names[0], "it is not in \(folder)")
        }
        guard let handle = dlopen("\(folder)/\(name)", RTLD_NOW | RTLD_GLOBAL) else {
            let words = Self.lastError
            throw LoadError.isMemory(words) ? Failure.workerOutOfMemory("opening \(name)") : .libraryMissing(name, words)
        }
        self.name = name
        self.handle = UInt(bitPattern: handle)
    }

    /// - Parameter type: the function's C type. That it is the right one is proven by the tests, which call each of them.
    /// - Throws: `Failure.libraryUnfit` when it is not exported.
    func symbol<Function>(_ symbol: String, as type: Function.Type = Function.self) throws -> Function {
        guard let address = dlsym(UnsafeMutableRawPointer(bitPattern: handle), symbol) else {
            throw Failure.libraryUnfit(name, "it does not export \(symbol)")
        }
        return unsafeBitCast(address, to: type)
    }

    private static var lastError: String { dlerror().map { String(cString: $0) } ?? "the loader gave no reason" }
}
