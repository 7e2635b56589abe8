// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseTesting
import Testing

@testable import HomeWiseEngines

/// Models whose output is not a vector for each token of each text, whatever they say of themselves.
@Suite(.temporaryFolder) struct OutputShapeTests {
    /// The model that libraries are proven with, and behind its table a mean over one axis.
    private func model(meanOver axis: Int) throws -> String {
        let folder = TemporaryFolder.path + "/model"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for (name, content) in SmokeEmbedder.files(meanOver: axis) { try content.write(to: URL(filePath: "\(folder)/\(name)")) }
        return folder
    }

    @Test("one vector for all texts is refused for several and given for one, and the worker lives on") func oneForAll() async throws {
        try await withWorker(.embedding(model(meanOver: 0), context: 32)) { worker in
            for _ in 0..<2 {
                let several = try await worker.post("/v1/embeddings", #"{"input": ["hi", "hi"]}"#)
                #expect(
                    several.status == 500 && several.error?["message"]?.string?.contains("the shape [1, 3, 4]") == true, "\(several.text)")
                #expect(try await worker.post("/v1/embeddings", #"{"input": "hi"}"#).status == 200)
            }
            #expect(worker.isRunning)
        }
    }

    @Test("fewer tokens than went in are refused") func fewerTokens() async throws {
        try await withWorker(.embedding(model(meanOver: 1), context: 32)) { worker in
            let answer = try await worker.post("/v1/embeddings", #"{"input": "hi"}"#)
            #expect(answer.status == 500 && answer.error?["message"]?.string?.contains("the shape [1, 1, 4]") == true, "\(answer.text)")
            #expect(worker.isRunning)
        }
    }
}
