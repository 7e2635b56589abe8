// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseTesting

@testable import HomeWiseMachine

/// What a machine shows of itself: files below a folder that stands for `/`.
struct Recording: Sendable {
    /// Path below the root, and its text.
    var files: [String: String]
    /// Symbolic links, and where they point to.
    var links: [String: String] = [:]
    var architecture = "x86_64"

    /// Writes the tree into the test's folder.
    func probe(nvml: String = "libhomewise-no-such-library.so", vulkan: String = "libhomewise-no-such-library.so") throws -> MachineProbe {
        let manager = FileManager.default
        func url(_ path: String) throws -> URL {
            let url = URL(filePath: TemporaryFolder.path + "/tree/" + path)
            try manager.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            return url
        }
        for (path, text) in files { try Data(text.utf8).write(to: url(path)) }
        for (path, target) in links { try manager.createSymbolicLink(atPath: url(path).path, withDestinationPath: target) }
        return MachineProbe(
            root: TemporaryFolder.path + "/tree", nvmlLibrary: nvml, vulkanLibrary: vulkan, architecture: architecture,
            patience: .seconds(20))
    }

    static func + (left: Self, right: Self) -> Self {
        Self(
            files: left.files.merging(right.files) { $1 }, links: left.links.merging(right.links) { $1 }, architecture: left.architecture)
    }
}

/// A recorded machine of a few files.
func machine(_ files: [String: String]) throws -> MachineProbe { try Recording(files: files).probe() }

extension Recording {
    /// cpuinfo as x86 writes it, for cores given by socket and number.
    static func x86(_ model: String, vendor: String, flags: String, cores: [(socket: Int, core: Int)]) -> Self {
        let blocks = cores.enumerated().map { number, place in
            """
            processor\t: \(number)
            vendor_id\t: \(vendor)
            cpu family\t: 6
            model\t\t: 154
            model name\t: \(model)
            cache size\t: 18432 KB
            physical id\t: \(place.socket)
            siblings\t: \(cores.count)
            core id\t\t: \(place.core)
            cpu cores\t: \(cores.count / 2)
            fpu\t\t: yes
            flags\t\t: fpu vme de pse tsc msr pae mce cx8 ht syscall nx lm \(flags)
            bugs\t\t: spectre_v1 spectre_v2
            address sizes\t: 39 bits physical, 48 bits virtual
            power management:

            """
        }
        return Self(files: [
            "proc/cpuinfo": blocks.joined(separator: "\n") + "\n", "sys/devices/system/cpu/online": "0-\(cores.count - 1)\n",
        ])
    }

    /// cpuinfo as ARM writes it: every core says the number of its design.
    static func arm(implementer: String, parts: [String], features: String, board: String = "") -> Self {
        let blocks = parts.enumerated().map { number, part in
            """
            processor\t: \(number)
            BogoMIPS\t: 108.00
            Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics \(features)
            CPU implementer\t: \(implementer)
            CPU architecture: 8
            CPU variant\t: 0x4
            CPU part\t: \(part)
            CPU revision\t: 1

            """
        }
        return Self(
            files: [
                "proc/cpuinfo": blocks.joined(separator: "\n") + "\n" + board, "sys/devices/system/cpu/online": "0-\(parts.count - 1)\n",
                "sys/devices/system/cpu/smt/active": "0\n",
            ], architecture: "arm64")
    }

    /// - Parameters: in KiB, as meminfo counts.
    static func memory(total: Int, available: Int, swap: Int = 0, swapFree: Int = 0) -> Self {
        let text = """
            MemTotal:       \(total) kB
            MemFree:          201532 kB
            MemAvailable:   \(available) kB
            Buffers:          102400 kB
            SwapTotal:      \(swap) kB
            SwapFree:       \(swapFree) kB

            """
        return Self(files: ["proc/meminfo": text])
    }

    /// A device on the PCI bus; with a number, also a card that shows pictures.
    static func pci(
        _ address: String, kind: String = "0x030000", id: String, driver: String?, card: Int? = nil, _ files: [String: String] = [:]
    ) -> Self {
        let folder = "sys/bus/pci/devices/\(address)"
        var all = [
            "\(folder)/class": kind + "\n",
            "\(folder)/uevent": (driver.map { "DRIVER=\($0)\n" } ?? "")
                + "PCI_CLASS=\(kind.dropFirst(3))\nPCI_ID=\(id.uppercased())\nPCI_SLOT_NAME=\(address)\n",
        ]
        for (name, text) in files { all["\(folder)/\(name)"] = text }
        return card.map { Self(files: all, links: ["sys/class/drm/card\($0)/device": "../../../bus/pci/devices/\(address)"]) }
            ?? Self(files: all)
    }

    /// A card of a board, as the device tree names it.
    static func board(card: Int, driver: String, compatible: String) -> Self {
        Self(files: [
            "sys/class/drm/card\(card)/device/uevent": "DRIVER=\(driver)\nOF_NAME=gpu\nOF_COMPATIBLE_0=\(compatible)\nOF_COMPATIBLE_N=1\n"
        ])
    }

    static let version: Self = .init(files: ["sys/class/drm/version": "drm 1.1.0 20060810\n"])

    /// An extract of the list that Linux systems carry.
    static let names = Recording(files: [
        "usr/share/misc/pci.ids": """
        #\tList of PCI ID's
        1002  Advanced Micro Devices, Inc. [AMD/ATI]
        \t15bf  Phoenix1
        \t744c  Navi 31 [Radeon RX 7900 XT/7900 XTX/7900 GRE/7900M]
        \t\t1002 0e3b  Radeon RX 7900 GRE [XFX]
        10de  NVIDIA Corporation
        \t2204  GA102 [GeForce RTX 3090]
        8086  Intel Corporation
        \t46a6  Alder Lake-P GT2 [Iris Xe Graphics]
        \t56a0  DG2 [Arc A770]
        ffff  Illegal Vendor ID

        """,
        "usr/share/libdrm/amdgpu.ids": """
        # List of AMDGPU IDs
        1.0.0
        15BF,\tC4,\tAMD Radeon 780M Graphics
        163F,\tAE,\tAMD Custom GPU 0405
        744C,\tC8,\tAMD Radeon RX 7900 XTX
        744C,\tCC,\tAMD Radeon RX 7900 XT

        """,
    ])
}
