// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseMachine

/// What all that a process started holds.
@Suite(.temporaryFolder) struct FamilyMemoryTests {
    private func status(_ parent: Int, _ kilobytes: Int) -> String {
        "Name:\tx\nPPid:\t\(parent)\nVmRSS:\t   900000 kB\nRssAnon:\t   \(kilobytes) kB\nRssFile:\t 7 kB\n"
    }

    @Test func engineAndGuardCountAndStrangersDoNot() throws {
        let probe = try machine([
            "proc/self/status": "", "proc/5/status": status(1, 1), "proc/6/status": status(5, 10), "proc/7/status": status(6, 100),
            "proc/8/status": status(1, 1000), "proc/9/status": "garbage", "proc/meminfo": "",
        ])
        #expect(ProcessMemory.own(ofDescendantsOf: 5, probe: probe) == ByteCount(110 * 1024))
        #expect(ProcessMemory.own(ofDescendantsOf: 8, probe: probe) == ByteCount(0))
    }

    @Test func aTableThatChangesWhileItIsReadHoldsNobody() throws {
        let probe = try machine(["proc/self/status": "", "proc/6/status": status(7, 1), "proc/7/status": status(6, 1)])
        #expect(ProcessMemory.own(ofDescendantsOf: 5, probe: probe) == ByteCount(0))
    }

    @Test func aSystemThatDoesNotTellIsUnknown() throws {
        #expect(try ProcessMemory.own(ofDescendantsOf: 5, probe: machine(["etc/x": ""])) == nil)
    }

    #if os(Linux)
        @Test func aRealChildCounts() async throws {
            let child = Process()
            child.executableURL = URL(filePath: "/bin/sleep")
            child.arguments = ["60"]
            try child.run()
            defer { child.terminate() }
            #expect(await eventually(within: .seconds(5)) { (ProcessMemory.own(ofDescendantsOf: getpid())?.bytes ?? 0) > 0 })
        }
    #endif
}
