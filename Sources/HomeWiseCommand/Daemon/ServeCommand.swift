// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import ArgumentParser
import Foundation
import HomeWiseDomain
import HomeWiseKit
import HomeWiseServer

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Keep models loaded for other programs, until it is stopped.",
        discussion: """
            Serves this person's own programs over a private socket and at a local address, where they need no key. Programs of others, and \
            of other machines, need one: homewise keys create NAME. `homewise load` starts it by itself where it is needed, on the socket alone.
            """)

    @Option(help: "Load these models at the start, in this order, as far as they fit together.") var preload: [String] = []
    @Option(help: "How long a model stays after its last request: 5m, 1h, 0 (not at all) or -1 (for ever).") var idleUnload: String?
    @Option(help: "How long a model that is to make way may work on answers that it has begun: 10m, 90s.") var longestDrain: String?
    @Option(help: "How much of the memory models may take: a share such as 80%, or a size such as 12GB.") var maxRam: String?
    @Flag(help: "End once no model is loaded any more.") var whileLoaded = false
    @OptionGroup var listening: ListenOptions

    /// A daemon that was started for one model waits so long for it to come.
    private static let patience = Duration.seconds(60)

    func run() async throws {
        let settings = try settings()
        let world = try World.ofThisProcess()
        let story = Story()
        let drain = Drain()
        try await Interrupts.shared.draining(patience: listening.secondsToEnd + 5, drain.begin) {
            try await HomeWise.open(world) { house in
                guard let seat = try DaemonSeat(world) else {
                    throw Failure(
                        .inUse, "Another homewise serves this store already.", remedy: "See what it has loaded with: homewise ps")
                }
                try await serve(house, settings, listening.plan(seat, house.keyDesk, world), drain, story)
            }
        }
    }

    private func settings() throws -> ResidencySettings {
        var settings = ResidencySettings()
        settings.preload = preload
        settings.wish.isNamed = true
        if let maxRam { settings.wish.maxRAM = try MemoryShare(parsing: maxRam) }
        if let longestDrain {
            guard case .after(let seconds) = try KeepAlive(parsing: longestDrain) else {
                throw Failure.badInput("--longest-drain \(longestDrain) is no end.", remedy: "Write a time such as 10m or 90s.")
            }
            settings.longestDrain = seconds
        }
        if let idleUnload { settings.idleUnload = try KeepAlive(parsing: idleUnload) }
        return settings
    }

    private func serve(
        _ house: HomeWise, _ settings: ResidencySettings, _ plan: ServingPlan, _ drain: Drain, _ story: Story
    ) async throws {
        let feed = LoadFeed()
        let hello = DaemonWire.Hello(version: Version.text, pid: getpid(), home: house.world.home)
        try await house.withResidency(settings) { event in
            feed.tell(event)
            story.tell(event)
        } body: { residency in
            let server = HouseServer(residency: residency, feed: feed, hello: hello, keys: house.keyDesk) {
                Story.words(for: $0).map { (label: $0.0, text: $0.1) }
            }
            try await withThrowingTaskGroup { group in
                group.addTask { try await server.run(plan, until: drain) { ListenOptions.tell($0, plan) } }
                group.addTask {
                    for (model, failure) in await residency.preload().sorted(by: { $0.key < $1.key }) {
                        Terminal.line("Preload", "\(model) is not loaded: \(failure.message) \(failure.remedy)")
                    }
                    if whileLoaded { try await Self.untilEmpty(residency, feed) } else { try await Task.sleep(for: .seconds(1 << 30)) }
                }
                // Whichever ends first ends the other: the server by a failure, the watch because nothing is left to serve.
                defer { group.cancelAll() }
                try await group.next()
            }
        }
    }

    /// Waits until models have been loaded and are all gone again.
    private static func untilEmpty(_ residency: Residency, _ feed: LoadFeed) async throws {
        var lastSeen = ContinuousClock.now
        var hasServed = false
        while lastSeen.duration(to: .now) < (hasServed ? .seconds(2) : patience) {
            try await Task.sleep(for: .milliseconds(250))
            if feed.isHeard { lastSeen = .now }
            if await residency.ps().contains(where: { $0.state != .failed }) { (lastSeen, hasServed) = (.now, true) }
        }
        Terminal.line("Ending", "no model is loaded any more")
    }
}
