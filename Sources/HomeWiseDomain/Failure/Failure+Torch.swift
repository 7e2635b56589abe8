// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension Failure {
    /// - Parameter seen: Pythons that are here and do not do, each with the reason.
    public static func pythonMissing(_ range: ClosedRange<PythonVersion>, seen: [String]) -> Failure {
        let found = seen.isEmpty ? "" : " Found: \(seen.joined(separator: "; "))."
        return Failure(
            .toolMissing,
            "The PyTorch engine needs Python \(range.lowerBound.minorName) to \(range.upperBound.minorName) with its venv module.\(found)",
            remedy: "Run: sudo apt-get install python3 python3-venv")
    }

    public static func torchNotOffered(_ version: String, python: PythonVersion, tail: [String]) -> Failure {
        if let failure = pipTrouble(tail) { return failure }
        return Failure(
            .notAtSource,
            "pip finds no torch \(version) for Python \(python.minorName).\n\(tail.suffix(4).map { "  | \($0)" }.joined(separator: "\n"))",
            remedy: "Check which package index pip uses (pip config list), or set HOMEWISE_TORCH_INDEX to one that has it.")
    }

    /// - Parameter log: file with the whole log.
    public static func environmentFailed(step: String, status: String, tail: [String], log: String) -> Failure {
        if let failure = pipTrouble(tail) { return failure.adding("log", log) }
        return Failure(
            .engineBuildFailed,
            "Making the PyTorch environment failed in step “\(step)” (\(status)).\n\(tail.suffix(12).map { "  | \($0)" }.joined(separator: "\n"))",
            remedy: "The whole log is in \(log). Fix what it names and run the same command again: what was fetched is kept.",
            detail: ["log": log])
    }

    /// What pip says where the disk or the network is the trouble.
    private static func pipTrouble(_ tail: [String]) -> Failure? {
        func has(_ words: [String]) -> Bool { tail.contains { line in words.contains { line.contains($0) } } }
        if has(["No space left on device", "Errno 28", "Disk quota exceeded"]) {
            return Failure(
                .diskFull, "The disk filled up while the PyTorch environment was made.",
                remedy: "Free some space and run the same command again: what was fetched is kept.")
        }
        let network = [
            "Failed to establish a new connection", "NameResolutionError", "Temporary failure in name resolution", "Connection refused",
            "ReadTimeoutError", "ConnectTimeoutError", "Network is unreachable", "Max retries exceeded",
        ]
        guard has(network) else { return nil }
        return Failure(
            .noNetwork, "pip cannot reach its package index.",
            remedy: "Check the network and pip’s settings (pip config list), then run the same command again: what was fetched is kept.")
    }

    public static func environmentGone(_ path: String) -> Failure {
        Failure(
            .engineMissing, "The PyTorch environment is not whole: \(path) is missing.",
            remedy: "Make it anew: homewise engine install pytorch")
    }
}
