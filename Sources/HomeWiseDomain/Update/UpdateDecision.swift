// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Whether a model that is here should give way to what its source has now. Nothing is asked and nothing is fetched in here.
public struct UpdateDecision: Sendable {
    /// What only a person can wave through.
    public enum Change: String, Sendable, Codable, CaseIterable {
        /// Somebody else publishes it under the same name.
        case owner
        case license
        /// The source does not know the version that is here: its history was rewritten, the name was given to somebody else, or it is a
        /// mirror that lags behind.
        case history
        /// It is a version that was replaced here before.
        case downgrade
        /// It is the version that a person went back from.
        case rollback
        /// The very same update was tried and failed.
        case failed
    }

    public struct Hold: Sendable, Equatable, Encodable {
        public var change: Change
        /// A sentence.
        public var reason: String

        public init(change: Change, reason: String) {
            self.change = change
            self.reason = reason
        }
    }

    public enum Verdict: Sendable, Equatable {
        case upToDate
        /// Files that differ.
        case newer([String])
        /// For a person to look at; the version that is here stays.
        case held([Hold])
        /// Nothing tells one version from another there.
        case unpinned
    }

    /// A version that was here before.
    public struct Former: Sendable, Equatable {
        public var revision: String?
        public var weights: Set<Digest>
        /// Whether it came here after the one that is here now: then a person went back from it.
        public var isLater: Bool

        public init(revision: String?, weights: Set<Digest>, isLater: Bool) {
            self.revision = revision
            self.weights = weights
            self.isLater = isLater
        }

        func isSame(as version: ModelVersion) -> Bool {
            if !weights.isEmpty, weights == version.weights { return true }
            return version.weights.isEmpty && revision != nil && revision == version.revision
        }
    }

    public var here: ModelVersion
    public var upstream: ModelVersion
    public var former: [Former] = []
    /// Whether the source still knows the version that is here; `nil` where it was not asked or does not say.
    public var isHereKnown: Bool?
    /// The update that failed before, by its fingerprint, and why.
    public var failed: (fingerprint: String, reason: String)?
    /// What a person waved through.
    public var accepted: Set<Change> = []

    public init(here: ModelVersion, upstream: ModelVersion) {
        self.here = here
        self.upstream = upstream
    }

    public var verdict: Verdict {
        let labels = holds(ownerHold, licenseHold)
        switch here.difference(to: upstream) {
        case .unknown: return .unpinned
        case .none: return labels.isEmpty ? .upToDate : .held(labels)
        case .files(let files):
            let holds = holds(formerHold, historyHold, ownerHold, licenseHold, failedHold)
            return holds.isEmpty ? .newer(files) : .held(holds)
        }
    }

    /// Whether only the label differs: what is waved through needs no bytes.
    public var isLabelAlone: Bool { here.difference(to: upstream) == .none }

    private func holds(_ holds: Hold?...) -> [Hold] { holds.compactMap { $0 }.filter { !accepted.contains($0.change) } }

    private var ownerHold: Hold? {
        guard here.kind == upstream.kind, let mine = here.owner, let theirs = upstream.owner, mine.lowercased() != theirs.lowercased()
        else {
            return nil
        }
        return Hold(change: .owner, reason: "\(theirs) publishes it now, and \(mine) did when it was fetched.")
    }

    private var licenseHold: Hold? {
        guard let mine = here.license, let theirs = upstream.license, mine.lowercased() != theirs.lowercased() else { return nil }
        return Hold(change: .license, reason: "It comes under \(theirs) now, and came under \(mine).")
    }

    private var historyHold: Hold? {
        guard isHereKnown == false else { return nil }
        return Hold(
            change: .history,
            reason: "The \(upstream.kind) does not know the version that is here: its history was rewritten, or it lags behind.")
    }

    private var formerHold: Hold? {
        guard let same = former.first(where: { $0.isSame(as: upstream) }) else { return nil }
        return same.isLater
            ? Hold(change: .rollback, reason: "You went back from this version.")
            : Hold(change: .downgrade, reason: "The \(upstream.kind) serves a version that was replaced here before.")
    }

    private var failedHold: Hold? {
        guard let failed, failed.fingerprint == upstream.fingerprint else { return nil }
        return Hold(change: .failed, reason: "It was tried and failed: \(failed.reason)")
    }
}
