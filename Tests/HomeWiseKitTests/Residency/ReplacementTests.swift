// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseKit

/// Smaller files and smaller models that take the place of one that has no room, as far as whoever asked left that open.
@Suite(.temporaryFolder, .timeLimit(.minutes(2))) struct ReplacementTests {
    private typealias House = ResidencyHouse
    private static let short = "die-saying ggml: failed to allocate CPU buffer of size 5"

    /// Loads “a:q8_0”, which has no room, and asks it.
    private func load(_ naming: Naming, beside models: [String: [String]]) async throws -> (
        rungs: [Rung], report: ResidentReport?, failure: Failure?
    ) {
        let rungs = Shared<[Rung]>([])
        let outcome = Shared<(ResidentReport?, Failure?)>((nil, nil))
        try await House.open(models.merging(["a": [Self.short]]) { $1 }) { house in
            try await house.withResidency(report: { event in
                if case .model(_, .recovering(_, let taken)) = event { rungs.withLock { $0.append(taken.rung) } }
            }) { residency in
                do {
                    _ = try await residency.load("a:q8_0", naming: naming)
                    let answer = try await residency.withModel("a:q8_0", naming: naming) { try await $0.fit().key }
                    let report = await residency.ps().first
                    #expect(report.map { "\($0.model):\($0.quantization.lowercased())" } == answer)
                    outcome.withLock { $0 = (report, nil) }
                } catch let failure as Failure { outcome.withLock { $0 = (nil, failure) } }
            }
        }
        return (rungs.withLock { $0 }, outcome.withLock { $0.0 }, outcome.withLock { $0.1 })
    }

    @Test("SUP-14 who did not say which file gets a smaller one, also through the process that serves") func smallerFile() async throws {
        let (rungs, report, failure) = try await load(.typed("a"), beside: ["a:q4_0": []])
        #expect(rungs.last == .lowerQuantization && failure == nil, "\(rungs) \(failure as Any)")
        #expect(report?.key == "a:q8_0" && report?.quantization.lowercased() == "q4_0")
    }

    @Test(arguments: [Naming.typed("a:q8_0"), .asGiven]) func whoSaidWhichFileGetsNoOther(_ naming: Naming) async throws {
        let (rungs, report, failure) = try await load(naming, beside: ["a:q4_0": []])
        #expect(!rungs.contains(.lowerQuantization) && report == nil && failure?.code == .engineStartFailed, "\(rungs)")
    }

    @Test func whoNamedNoModelGetsASmallerOne() async throws {
        let (rungs, report, failure) = try await load(.chosen, beside: ["b:q4_0": []])
        #expect(rungs.last == .lowerTier && failure == nil, "\(rungs) \(failure as Any)")
        #expect(report?.key == "a:q8_0" && report?.model == "b")
    }

    @Test func whoNamedAModelGetsNoOther() async throws {
        let (rungs, _, failure) = try await load(.typed("a"), beside: ["b:q4_0": []])
        #expect(!rungs.contains(.lowerTier) && failure?.code == .engineStartFailed, "\(rungs)")
    }
}
