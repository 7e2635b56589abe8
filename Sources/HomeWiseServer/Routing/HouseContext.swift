// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import Hummingbird

/// What is known of a request beside what it says.
struct HouseContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The connection that it came by; `nil` only in tests that go past the line.
    var visit: Visit?
    var caller = Caller.unknown
    /// Whose key it came with, where that mattered or was known.
    var keyName: String?
    /// Where it belongs in a larger piece of work, with a step of ours.
    var trace: TraceParent?
    /// What the log says of it in the end.
    let entry = LogEntry()

    init(source: Source) { coreContext = .init(source: source) }

    /// Who asks, in a word: so that one client does not crowd out the others.
    var client: String { keyName.map { "key:\($0)" } ?? visit?.client ?? caller.rawValue }
}
