// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension EngineManifest {
    /// Whether what a recipe would make is newer than this engine.
    public func isOlder(than recipe: EngineRecipe) -> Bool {
        guard origin == .found else { return isOlder(than: recipe.version) }
        // A foreign one tells its build alone.
        guard let build = Int(version.drop { !$0.isNumber }) else { return false }
        return build <= recipe.outdatedFoundBuild
    }

    /// - Parameter version: numbers with dots between them.
    public func isOlder(than version: String) -> Bool {
        let (own, other) = (Self.numbers(self.version), Self.numbers(version))
        guard !own.isEmpty, !other.isEmpty else { return false }
        return own.lexicographicallyPrecedes(other)
    }

    /// Empty for what is no version.
    private static func numbers(_ version: String) -> [Int] {
        let parts = version.split(separator: ".").map { Int($0) }
        return parts.contains { $0 == nil } ? [] : parts.compactMap(\.self)
    }
}
