// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

public import HomeWiseDomain
import HomeWiseStore

/// Owns the queue of downloads (SPECIFICATION): models come one after the other, or a few at a time, the urgent ones first. Had through
/// `HomeWise.withDownloads`, at whose end nothing of it runs any more.
public actor DownloadManager {
    private let house: HomeWise
    private let wish: Wish
    private let report: Report
    private var queue: DownloadQueue
    private var feeds: [DownloadJob.ID: DownloadFeed] = [:]
    private var work: [DownloadJob.ID: Task<Void, Never>] = [:]
    private var results: [DownloadJob.ID: Installed] = [:]
    private var waiters: [DownloadJob.ID: [Int: CheckedContinuation<Installed, any Error>]] = [:]
    private var nextWaiter = 0
    private var isClosed = false

    init(house: HomeWise, limit: Int, wish: Wish, report: @escaping Report) {
        self.house = house
        self.wish = wish
        self.report = report
        queue = DownloadQueue(limit: limit)
    }

    /// Every job, with the step that it is at.
    public var jobs: [DownloadJob] {
        for (id, feed) in feeds { queue.advance(id, to: feed.phase) }
        return queue.jobs
    }

    /// Asks for a model and waits until it is here. Five steps: requirements, space, transfer, verification, preparation.
    ///
    /// - Parameter model: as for `HomeWise.obtain`.
    /// - Throws: the job's `Failure`; `CancellationError` when it is cancelled, or this task is, which cancels a job that nobody else
    ///   waits for.
    public func download(_ model: String, priority: Int = 0) async throws -> Installed {
        try await outcome(of: start(model, priority: priority))
    }

    /// Asks for a model and does not wait. A second request for the same model joins the first.
    @discardableResult public func start(_ model: String, priority: Int = 0) -> DownloadJob.ID {
        let (id, isNew) = queue.enqueue(canonical(model), priority: priority)
        if isNew { feeds[id] = DownloadFeed() }
        startNext()
        return id
    }

    /// One name for all that mean the same model; what nobody knows says so when its turn comes.
    private nonisolated func canonical(_ model: String) -> String {
        guard let (info, quantization) = try? house.registry.model(named: model) else { return model }
        return info.id + (quantization.map { ":\($0)" } ?? "")
    }

    /// Waits for the end of a job; a paused one is waited for until somebody resumes or cancels it.
    public func outcome(of id: DownloadJob.ID) async throws -> Installed {
        let ticket = nextWaiter
        nextWaiter += 1
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                waiters[id, default: [:]][ticket] = continuation
                if Task.isCancelled { leave(id, ticket) }
                settle(id)
            }
        } onCancel: {
            Task { await self.leave(id, ticket) }
        }
    }

    /// Whoever waited is gone. A job that nobody waits for any more ends, and is waited for while it puts its pieces away.
    private func leave(_ id: DownloadJob.ID, _ ticket: Int) {
        guard let waiter = waiters[id]?[ticket] else { return }
        if waiters[id]?.count == 1 { return cancel(id) }
        waiters[id]?[ticket] = nil
        waiter.resume(throwing: CancellationError())
    }

    /// Events of one job from now on; the stream ends with the job.
    public func events(of id: DownloadJob.ID) -> AsyncStream<Event> {
        guard let feed = feeds[id], queue.job(id)?.state.isFinal == false else { return AsyncStream { $0.finish() } }
        return feed.listen()
    }

    /// Ends the work of a job; what it has fetched stays, and `resume` goes on from there.
    public func pause(_ id: DownloadJob.ID) {
        if queue.pause(id) { work[id]?.cancel() }
        startNext()
    }

    public func resume(_ id: DownloadJob.ID) {
        queue.resume(id)
        startNext()
    }

    /// Ends a job for good; what it has fetched stays for a later one.
    public func cancel(_ id: DownloadJob.ID) {
        if queue.cancel(id) { work[id]?.cancel() }
        settle(id)
        startNext()
    }

    /// - Parameter place: among those that wait, 0 for the next of its priority.
    public func move(_ id: DownloadJob.ID, to place: Int) { queue.move(id, to: place) }

    public func prioritize(_ id: DownloadJob.ID, _ priority: Int) { queue.prioritize(id, priority) }

    /// Ends everything and waits until all pieces are put away.
    func close() async {
        isClosed = true
        for job in queue.jobs where !job.state.isFinal { cancel(job.id) }
        for task in work.values { await task.value }
    }

    private func startNext() {
        guard !isClosed else { return }
        for job in queue.startNext() { work[job.id] = Task { await run(job) } }
    }

    private func run(_ job: DownloadJob) async {
        let end = await attempt(job)
        work[job.id] = nil
        queue.ended(job.id, end)
        settle(job.id)
        startNext()
    }

    private nonisolated func attempt(_ job: DownloadJob) async -> DownloadQueue.End {
        let feed = await feed(of: job.id)
        feed.begin()
        do {
            let ready = try await house.obtain(job.model == "auto" ? nil : job.model, wish: wish) { [report] event in
                report(event)
                feed.tell(event)
            }
            await keep(ready.installed, of: job.id)
            return .done
        } catch is CancellationError {
            return .stopped
        } catch {
            let failure = Failure.wrapping(error, doing: "fetching \(job.model)")
            return Task.isCancelled || failure.code == .interrupted ? .stopped : .failed(failure)
        }
    }

    private func feed(of id: DownloadJob.ID) -> DownloadFeed {
        if let feed = feeds[id] { return feed }
        let feed = DownloadFeed()
        feeds[id] = feed
        return feed
    }

    private func keep(_ installed: Installed, of id: DownloadJob.ID) { results[id] = installed }

    /// Tells everybody who waits of a job that is over; work that still winds down is waited for.
    private func settle(_ id: DownloadJob.ID) {
        guard let job = queue.job(id) else {
            for waiter in (waiters.removeValue(forKey: id) ?? [:]).values { waiter.resume(throwing: CancellationError()) }
            return
        }
        guard job.state.isFinal, !queue.isActive(id) else { return }
        feeds[id]?.finish()
        let outcome: Result<Installed, any Error> =
            switch job.state {
            case .failed(let failure): .failure(failure)
            case .done: results[id].map { .success($0) } ?? .failure(CancellationError())
            default: .failure(CancellationError())
            }
        for waiter in (waiters.removeValue(forKey: id) ?? [:]).values { waiter.resume(with: outcome) }
    }
}

extension HomeWise {
    /// Lends a download manager to a body. When the body is done, what still runs is ended, and its pieces are kept.
    ///
    /// - Parameter limit: models at a time; as the world has it where it is not said.
    public func withDownloads<Value: Sendable>(
        limit: Int? = nil, wish: Wish = Wish(), report: @escaping Report = { _ in }, body: (DownloadManager) async throws -> Value
    ) async throws -> Value {
        let manager = DownloadManager(house: self, limit: limit ?? world.parallelDownloads, wish: wish, report: report)
        let outcome: Result<Value, any Error>
        do { outcome = try await .success(body(manager)) } catch { outcome = .failure(error) }
        await manager.close()
        return try outcome.get()
    }
}
