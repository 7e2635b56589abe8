// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Places that differ from machine to machine.
extension SandboxPolicy {
    /// Devices of graphics cards that have numbers.
    ///
    /// - Parameters:
    ///   - names: what stands in the folder of devices.
    ///   - folder: that folder, without a slash at its end.
    public static func cards(among names: [String], in folder: String = "/dev") -> [Rule] {
        names.filter { $0.hasPrefix("nvidia") }.sorted().map { Rule(.device, "\(folder)/\($0)", "graphics cards") }
    }

    /// Why a device cannot work in the sandbox, as a sentence; `nil` where all that it needs is here.
    ///
    /// A rule names what is there when the engine starts. NVIDIA's driver makes some of its devices only when it is first used, through a
    /// helper with powers that nothing in the sandbox can get, and what is made later has no rule.
    ///
    /// - Parameters:
    ///   - device: the engine's name for it, such as “CUDA0”.
    ///   - names: what stands in `/dev`.
    public static func obstacle(to device: String?, among names: [String]) -> String? {
        guard let device else { return nil }
        if device.hasPrefix("CUDA") {
            // Under WSL all goes through this one.
            if names.contains("dxg") { return nil }
            guard names.contains("nvidiactl") else {
                return "\(device) needs /dev/nvidiactl, which is not there: NVIDIA's driver is not loaded."
            }
            guard names.contains("nvidia-uvm") else {
                return "\(device) needs /dev/nvidia-uvm, which is not there yet, and nothing in the sandbox can make it."
                    + " Make it with: sudo nvidia-modprobe -u -c 0"
            }
        }
        if device.hasPrefix("ROCm") || device.hasPrefix("HIP"), !names.contains("kfd"), !names.contains("dxg") {
            return "\(device) needs /dev/kfd, which is not there: AMD's driver is not loaded."
        }
        return nil
    }

    /// Where Homebrew put a program: its parts lie in folders of their own, and its libraries are named through links between them.
    ///
    /// - Parameter program: its real path.
    /// - Returns: Homebrew's own folder, such as “/home/linuxbrew/.linuxbrew”; `nil` where the program is not Homebrew's.
    public static func homebrew(of program: String) -> String? {
        guard program.hasPrefix("/"), let cellar = program.firstRange(of: "/Cellar/"), cellar.lowerBound > program.startIndex else {
            return nil
        }
        return String(program[..<cellar.lowerBound])
    }

    /// What of Homebrew its programs need, and no more: its folder may lie in a home, or be one.
    public static func homebrew(in prefix: String) -> [Rule] {
        ["Cellar", "lib", "opt"].map { Rule(.run, "\(prefix)/\($0)", "Homebrew's libraries") }
    }
}
