// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseStore

/// From a file on the disk to the facts of its model.
struct HeaderBench {
    let files: [String]

    func run() throws {
        for path in files {
            var times: [Double] = []
            for _ in 0..<21 {
                let start = ContinuousClock.now
                let source = try MappedFile(path: path)
                _ = try ModelFacts(GGUFHeader(source), in: source)
                times.append(start.duration(to: .now) / .milliseconds(1))
            }
            print("\((path as NSString).lastPathComponent) \(MemoryBench.median(times).rounded(toPlaces: 3)) ms")
        }
    }
}
