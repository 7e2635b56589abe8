// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Where this process stands in the control groups, from `/proc/self/cgroup` (v1 and v2).
struct CGroup {
    /// Controllers (empty for v2) and path of each line.
    private let lines: [(controllers: [Substring], path: String)]

    init(table: String) {
        lines = table.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { return nil }
            return (parts[1].split(separator: ","), String(parts[2]))
        }
    }

    /// Folders under `sys/fs/cgroup`, from the root down to the process's own group. In a container the path of the
    /// host may not exist inside; the root then holds the container's own limits.
    func levels(of controller: String) -> [String] {
        lines.flatMap { line -> [String] in
            guard line.controllers.isEmpty || line.controllers.contains(Substring(controller)) else { return [] }
            return Self.bases(line.controllers, controller).flatMap { Self.levels(from: $0, path: line.path) }
        }
    }

    /// Version 1 mounts controllers together (“cpu,cpuacct”) and usually, but not always, links each by its own name.
    private static func bases(_ controllers: [Substring], _ controller: String) -> [String] {
        if controllers.isEmpty { return ["sys/fs/cgroup"] }
        let own = "sys/fs/cgroup/" + controller
        return controllers.count == 1 ? [own] : [own, "sys/fs/cgroup/" + controllers.joined(separator: ",")]
    }

    private static func levels(from base: String, path: String) -> [String] {
        path.split(separator: "/").filter { $0 != ".." }.reduce(into: [base]) { levels, part in
            levels.append((levels.last ?? base) + "/" + part)
        }
    }
}
