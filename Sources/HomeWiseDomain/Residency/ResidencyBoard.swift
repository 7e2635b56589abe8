// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Who is in memory, who waits, and who goes. It decides and starts nothing: its owner tells what happens, with the time of a clock that
/// only goes forward, and does what it is told.
///
/// No decision rests on what was true a moment ago: whoever asks is answered out of the state that the answer changes.
public struct ResidencyBoard: Sendable {
    public typealias Key = String
    public typealias Ticket = Int

    public struct Rules: Sendable, Equatable {
        /// Requests that may wait for one model.
        public var queueLimit = 128
        public var keepAlive = KeepAlive.standard
        /// Seconds that a model which is to make way may work on requests that it has.
        public var longestDrain = 600.0
        /// Seconds of waiting that make up for a lower priority.
        public var ageing = 30.0
        /// Seconds that each further waiting request of one client goes behind those of others.
        public var perClient = 1.0
        /// Seconds for a request, before any was seen.
        public var requestSeconds = 10.0
        /// Failures in a row that put a model into quarantine.
        public var quarantineAfter = 3
        /// Seconds that a failure keeps further requests from trying, doubled with each that follows.
        public var firstPause = 5.0
        public var longestPause = 300.0

        public init() {}
    }

    /// What somebody wants.
    public struct Want: Sendable, Equatable {
        public enum Purpose: Sendable {
            /// A place for one request.
            case request
            /// That it is loaded, because a person says so.
            case load
            /// That it is loaded if that costs nobody his place.
            case preload
        }

        public var key: Key
        /// How it is started where it is not here.
        public var plan: LaunchPlan
        /// What of a plan matters to this one: an engine that gives it serves as it is.
        public var demand: LaunchDemand
        public var footprint: Footprint
        public var priority: RequestPriority
        public var purpose: Purpose
        /// Who asks, so that one does not crowd out the others; empty for nobody in particular.
        public var client: String
        /// `nil` leaves it as it is.
        public var keepAlive: KeepAlive?
        /// Seconds that it waits at most; `nil` for as long as it takes.
        public var patience: Double?
        /// Seconds to load it, as far as that can be told.
        public var loadSeconds: Double

        public init(
            key: Key, plan: LaunchPlan, demand: LaunchDemand = LaunchDemand(), footprint: Footprint,
            priority: RequestPriority = .interactive, purpose: Purpose = .request,
            client: String = "", keepAlive: KeepAlive? = nil, patience: Double? = nil, loadSeconds: Double = 1
        ) {
            self.key = key
            self.plan = plan
            self.demand = demand
            self.footprint = footprint
            self.priority = priority
            self.purpose = purpose
            self.client = client
            self.keepAlive = keepAlive
            self.patience = patience
            self.loadSeconds = loadSeconds
        }
    }

    public enum Decision: Sendable, Equatable {
        /// Start its engine.
        case load(Want)
        /// This one's turn has come; a request counts as begun.
        case admit(Ticket)
        /// It waits for a load that is under way, with so many before it.
        case join(Ticket, ahead: Int)
        /// It waits for room or for its turn, with so many before it.
        case wait(Ticket, ahead: Int)
        case refuse(Ticket, Failure)
        /// Nobody new is let in.
        case drain(Key, Leave)
        /// End its engine, and tell when it is gone.
        case unload(Key, Leave)
    }

    /// Why a model leaves.
    public enum Leave: String, Sendable, Codable {
        /// Another one needs the room.
        case room
        case idle
        /// A person said so.
        case asked
        /// It is loaded anew with other options.
        case options
        /// Other programs need the memory.
        case pressure
        /// Another one ran out of memory.
        case recovery
        case stop

        /// As a clause.
        public var words: String {
            switch self {
            case .room: "another model needs the room"
            case .idle: "nobody asked it for a while"
            case .asked: "it was asked for"
            case .options: "it is loaded anew with other options"
            case .pressure: "other programs need the memory"
            case .recovery: "another model ran out of memory"
            case .stop: "homewise ends"
            }
        }
    }

    struct Waiting: Sendable {
        let ticket: Ticket
        let want: Want
        let arrived: Double
        /// Moment that decides on its turn: it never changes, so that whoever waits is passed by ever fewer.
        let turn: Double

        var deadline: Double? { want.patience.map { arrived + $0 } }
    }

    struct Seated: Sendable {
        let key: Key
        let generation: Int
        let since: Double
    }

    public var rules: Rules
    public internal(set) var residents: [Key: Resident] = [:]
    /// In the order of their turns.
    var waiting: [Waiting] = []
    var seated: [Ticket: Seated] = [:]
    public internal(set) var budget: MemoryBudget
    public internal(set) var pins: Set<Key> = []
    /// For whom room is being made: nobody takes it meanwhile.
    var claims: [Key] = []
    var troubles: [Key: Mishap] = [:]
    var paces: [Key: Pace] = [:]
    public internal(set) var isStopping = false
    private var lastTicket: Ticket = 0
    private var lastGeneration = 0

    public init(budget: MemoryBudget = MemoryBudget(), rules: Rules = Rules()) {
        self.budget = budget
        self.rules = rules
    }

    /// Nothing is loaded and nobody waits.
    public var isEmpty: Bool { residents.isEmpty && waiting.isEmpty && seated.isEmpty }

    /// Whether a request that was let in still has its place.
    public func isSeated(_ ticket: Ticket) -> Bool { seated[ticket] != nil }

    /// Requests that wait for a model.
    public func queue(of key: Key) -> Int { waiting.count { $0.want.key == key } }

    func waiting(for key: Key) -> [Waiting] { waiting.filter { $0.want.key == key } }

    mutating func ticket() -> Ticket {
        lastTicket += 1
        return lastTicket
    }

    mutating func generation() -> Int {
        lastGeneration += 1
        return lastGeneration
    }
}
