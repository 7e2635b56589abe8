// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

package import HomeWiseDomain

/// A Python of this machine that can make environments.
package struct PythonProgram: Sendable, Equatable {
    package var path: String
    package var version: PythonVersion
    /// Folder of its own library: whoever may run it has to be able to read this.
    package var prefix: String

    /// Names that are looked for on the PATH, in this order.
    static let names = ["python3", "python3.13", "python3.12", "python3.11", "python3.14", "python"]

    /// The first that is new enough, and not too new, and has venv and ensurepip.
    ///
    /// - Throws: `Failure.pythonMissing` with what was found instead.
    package static func find(_ range: ClosedRange<PythonVersion>, on host: EngineHost) async throws -> PythonProgram {
        var seen: [String] = []
        for name in names {
            guard let path = host.find(name) else { continue }
            switch try await look(path, host) {
            case .success(let python) where range.contains(python.version): return python
            case .success(let python): seen.append("\(path) is \(python.version)")
            case .failure(let reason): seen.append("\(path): \(reason.words)")
            }
        }
        throw Failure.pythonMissing(range, seen: seen)
    }

    private struct Reason: Error { var words: String }

    /// Its real path: a name on the PATH may be a script that chooses by the folder it is called in.
    private static let question = """
        import sys
        print("version", "%d.%d.%d" % sys.version_info[:3])
        print("path", sys.executable)
        print("prefix", sys.base_prefix)
        import venv, ensurepip
        print("can make environments")
        """

    private static func look(_ path: String, _ host: EngineHost) async throws -> Result<PythonProgram, Reason> {
        let (exit, lines) = try await host.process(path, ["-I", "-c", question]).run(within: .seconds(20))
        func value(_ name: String) -> String? {
            lines.lazy.compactMap { $0.hasPrefix(name + " ") ? String($0.dropFirst(name.count + 1)) : nil }.first
        }
        guard let version = value("version").flatMap({ PythonVersion($0) }), let place = value("path"), let prefix = value("prefix") else {
            return .failure(Reason(words: "it does not tell its version"))
        }
        guard exit?.isSuccess == true else {
            return .failure(Reason(words: "Python \(version) without venv (package python3-venv)"))
        }
        return .success(PythonProgram(path: place, version: version, prefix: prefix))
    }
}
