// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Which downloads run and which wait. It decides and starts nothing: whoever owns it starts what `startNext` names, ends what `pause`
/// and `cancel` name, and tells of every end.
public struct DownloadQueue: Sendable, Equatable {
    public typealias ID = DownloadJob.ID

    /// In the order of their turn among equals.
    public private(set) var jobs: [DownloadJob] = []
    /// Models at a time (`parallel_downloads`).
    public let limit: Int
    /// Work that was begun and has not ended; a paused one may still be winding down, and holds its place until then.
    private var active: Set<ID> = []
    private var nextID: ID = 1

    public init(limit: Int = 1) { self.limit = max(1, limit) }

    public func job(_ id: ID) -> DownloadJob? { jobs.first { $0.id == id } }

    /// A second request for a model joins the first, which goes on if it was paused, and keeps the higher priority.
    ///
    /// - Returns: the job, and whether it is new.
    public mutating func enqueue(_ model: String, priority: Int = 0) -> (id: ID, isNew: Bool) {
        if let index = jobs.firstIndex(where: { $0.model == model && !$0.state.isFinal }) {
            jobs[index].priority = max(jobs[index].priority, priority)
            if jobs[index].state == .paused { jobs[index].state = .queued }
            return (jobs[index].id, false)
        }
        let id = nextID
        nextID += 1
        jobs.append(DownloadJob(id: id, model: model, priority: priority, state: .queued))
        return (id, true)
    }

    /// - Returns: jobs to start now, in order. They count as running at once.
    public mutating func startNext() -> [DownloadJob] {
        var started: [DownloadJob] = []
        while active.count < limit, let index = nextIndex() {
            jobs[index].state = .running(.requirements)
            active.insert(jobs[index].id)
            started.append(jobs[index])
        }
        return started
    }

    private func nextIndex() -> Int? {
        let waiting = jobs.indices.filter { jobs[$0].state == .queued && !active.contains(jobs[$0].id) }
        return waiting.max { (jobs[$0].priority, $1) < (jobs[$1].priority, $0) }
    }

    /// - Returns: whether its work must be ended now.
    public mutating func pause(_ id: ID) -> Bool { halt(id, as: .paused) }

    /// - Returns: whether its work must be ended now.
    public mutating func cancel(_ id: ID) -> Bool { halt(id, as: .cancelled) }

    private mutating func halt(_ id: ID, as state: DownloadJob.State) -> Bool {
        guard let index = index(id), !jobs[index].state.isFinal else { return false }
        jobs[index].state = state
        return active.contains(id)
    }

    /// A paused one waits for its turn again.
    public mutating func resume(_ id: ID) {
        guard let index = index(id), jobs[index].state == .paused else { return }
        jobs[index].state = .queued
    }

    /// - Parameter place: among the waiting, 0 for the next of its priority.
    public mutating func move(_ id: ID, to place: Int) {
        guard let index = index(id), jobs[index].state == .queued else { return }
        let job = jobs.remove(at: index)
        let waiting = jobs.indices.filter { jobs[$0].state == .queued }
        jobs.insert(job, at: place < waiting.count ? waiting[max(0, place)] : jobs.count)
    }

    public mutating func prioritize(_ id: ID, _ priority: Int) {
        if let index = index(id), !jobs[index].state.isFinal { jobs[index].priority = priority }
    }

    /// A running job came to a further step. Another source may begin them anew.
    public mutating func advance(_ id: ID, to phase: DownloadPhase) {
        if let index = index(id), jobs[index].state.isRunning { jobs[index].state = .running(phase) }
    }

    /// How its work ended.
    public enum End: Sendable, Equatable {
        case done
        case failed(Failure)
        /// Because it was told to.
        case stopped
    }

    /// Work has ended: of a job that was halted meanwhile only a success still counts.
    public mutating func ended(_ id: ID, _ end: End) {
        guard active.remove(id) != nil, let index = index(id) else { return }
        switch (jobs[index].state, end) {
        case (_, .done): jobs[index].state = .done
        case (.running, .failed(let failure)): jobs[index].state = .failed(failure)
        case (.running, .stopped): jobs[index].state = .cancelled
        default: break
        }
    }

    /// Forgets what is over.
    public mutating func clear() { jobs.removeAll { $0.state.isFinal && !active.contains($0.id) } }

    /// Nothing runs, and nothing waits for a turn.
    public var isIdle: Bool { active.isEmpty && !jobs.contains { $0.state == .queued } }

    public func isActive(_ id: ID) -> Bool { active.contains(id) }

    private func index(_ id: ID) -> Int? { jobs.firstIndex { $0.id == id } }
}
