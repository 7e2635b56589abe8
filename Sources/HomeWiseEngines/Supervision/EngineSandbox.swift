// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

extension EngineHost {
    /// What a server of a model may reach; `nil` where the sandbox is switched off.
    ///
    /// - Parameters:
    ///   - place: where it listens; its own, and the only place of the disk that it may write to.
    ///   - libraries: preloaded into it.
    func sandbox(
        of program: String, _ arguments: [String], plan: LaunchPlan, place: EnginePlace, libraries: [String] = []
    ) -> SandboxPolicy? {
        guard isSandboxed else { return nil }
        var rules = base(program, libraries)
        rules += Self.files(among: arguments + [plan.model], but: place.folder).map { .init(.read, $0, "the model") }
        rules.append(.init(.write, Self.resolved(place.folder), "where it listens"))
        rules.append(.init(.device, Self.resolved(place.board), "where its threads are set"))
        return SandboxPolicy(rules: rules, networkReason: SandboxPolicy.networkReason(placement: plan.placement, arguments: arguments))
    }

    /// A program that works on files and ends, such as a converter: it reads what its arguments name, and writes to one folder at most.
    ///
    /// - Parameters:
    ///   - libraries: files and folders that it runs with.
    ///   - output: the only place of the disk that it may write to; it may read there too.
    func tool(
        _ program: String, _ arguments: [String], adding extra: [String: String] = [:], libraries: [String] = [], output: String? = nil
    ) -> GuardedProcess {
        var process = process(program, arguments, adding: extra, in: output)
        guard isSandboxed else { return process }
        // Such a program shares no memory with anybody: files of other programs lie there.
        var rules = base(program, libraries).filter { $0.access != .write }
        rules += Self.files(among: arguments).map { .init(.read, $0, "what it works on") }
        if let output { rules.append(.init(.write, Self.resolved(output), "what it makes")) }
        process.sandbox = SandboxPolicy(rules: rules)
        return process
    }

    /// What any program of an engine needs.
    private func base(_ program: String, _ libraries: [String]) -> [SandboxPolicy.Rule] {
        var rules = SandboxPolicy.system + SandboxPolicy.cards(among: devices, in: deviceFolder)
        rules += folders(of: program).map { .init(.run, $0, "the engine itself") }
        rules += libraryFolders.map { .init(.run, $0, "libraries (LD_LIBRARY_PATH)") }
        rules += libraries.map { .init(.run, Self.resolved($0), "what it runs with") }
        // Homebrew's own program is the proof that a folder of that name is Homebrew's.
        if let prefix = SandboxPolicy.homebrew(of: Self.resolved(program)), access(prefix + "/bin/brew", X_OK) == 0 {
            rules += SandboxPolicy.homebrew(in: prefix)
        }
        return rules
    }

    /// Names of the devices that are there now.
    private var devices: [String] { (try? FileManager.default.contentsOfDirectory(atPath: deviceFolder)) ?? [] }

    /// Why the device of a plan cannot work in the sandbox; `nil` where nothing is in the way.
    func obstacle(to plan: LaunchPlan) -> String? {
        #if os(Linux)
            isSandboxed ? SandboxPolicy.obstacle(to: plan.placement.gpu?.engineName, among: devices) : nil
        #else
            nil
        #endif
    }

    /// Its folder, by its real name too, and the libraries that are put beside a `bin`.
    private func folders(of program: String) -> Set<String> {
        var folders: Set<String> = []
        for path in [program, Self.resolved(program)] {
            let folder = (path as NSString).deletingLastPathComponent
            // A program may lie in a home or at the root; all of that is not given for it.
            guard isNarrow(folder) else {
                folders.formUnion([path] + Self.libraries(in: folder))
                continue
            }
            folders.insert(Self.resolved(folder))
            if folder.hasSuffix("/bin") { folders.insert(Self.resolved((folder as NSString).deletingLastPathComponent + "/lib")) }
        }
        return folders
    }

    /// Neither the person's home nor anything above it.
    private func isNarrow(_ folder: String) -> Bool {
        let folder = Self.resolved(folder)
        guard folder.split(separator: "/").count >= 2 else { return false }
        guard let home = environment["HOME"], home.hasPrefix("/") else { return true }
        return !(Self.resolved(home) + "/").hasPrefix(folder + "/")
    }

    private static func libraries(in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.contains(".so") }.map { resolved("\(folder)/\($0)") }
    }

    private var libraryFolders: [String] {
        (environment["LD_LIBRARY_PATH"] ?? "").split(separator: ":").map(String.init).filter { $0.hasPrefix("/") }
            .flatMap { isNarrow($0) ? [Self.resolved($0)] : Self.libraries(in: $0) }
    }

    /// Files and folders that it is told of by its arguments, by their real names: a model may be a link into the store, or to where
    /// another tool keeps it.
    static func files(among arguments: [String], but own: String? = nil) -> Set<String> {
        var files: Set<String> = []
        for path in arguments where path.hasPrefix("/") && !(own.map(path.hasPrefix) ?? false) {
            var status = stat()
            guard stat(path, &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR { files.formUnion(linked(from: path)) } else { files.formUnion(parts(of: path)) }
        }
        return files
    }

    /// A folder, and what the links in it lead to.
    private static func linked(from folder: String) -> [String] {
        let names = FileManager.default.enumerator(atPath: folder)?.prefix(10_000).compactMap { $0 as? String } ?? []
        return [resolved(folder)]
            + names.map { "\(folder)/\($0)" }.filter { (try? FileManager.default.destinationOfSymbolicLink(atPath: $0)) != nil }
            .map(resolved)
    }

    /// A file, and the others of a model that comes in several: “…-00001-of-00003.gguf”.
    private static func parts(of path: String) -> [String] {
        guard let number = path.range(of: "-00001-of-", options: .backwards) else { return [resolved(path)] }
        let (folder, stem) = (
            (path as NSString).deletingLastPathComponent, (String(path[..<number.lowerBound]) as NSString).lastPathComponent
        )
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasPrefix(stem + "-") && $0.contains("-of-") }.map { resolved("\(folder)/\($0)") }
    }

    /// The real name; the name as it stands where there is none.
    static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }
}
