// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseStore

extension HomeWise {
    func inspect(file path: String) throws -> Inspection {
        let source = try MappedFile(path: path)
        do {
            let header = try GGUFHeader(source)
            var notes: [String] = []
            if header.end < source.length { notes.append("\(ByteCount(source.length - header.end)) behind the last tensor belong to none") }
            if let count = header.metadata["split.count"]?.count, count > 1 {
                notes.append("this is part \((header.metadata["split.no"]?.count ?? 0) + 1) of \(count)")
            }
            return try Inspection(
                path: path, size: ByteCount(source.length), facts: ModelFacts(header, in: source), tensors: header.tensors.count, notes: notes)
        } catch let fault as FormatFault { throw Failure.malformed(file: path, fault) }
    }
}
