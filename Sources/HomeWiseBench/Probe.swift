import Foundation
import HomeWiseDomain
import HomeWiseEngines
enum Probe { static func write(_ a: [String]) throws {
  // write2 OUT arch layers emb ff heads kv hs vocab type etype
  var m = SyntheticModel(SyntheticModel.Architecture(rawValue: a[1])!, layers: Int(a[2])!, embedding: Int(a[3])!, feedForward: Int(a[4])!, heads: Int(a[5])!, kvHeads: Int(a[6])!, headSize: Int(a[7])!, vocabulary: Int(a[8])!, type: GGMLType.named(a[9])!, embeddingType: GGMLType.named(a[10])!)
  m.hasOutput = false
  let (b, l) = m.draft().header(); try SparseFile.write(b, length: l, to: a[0]); print(l/1_000_000) } }
