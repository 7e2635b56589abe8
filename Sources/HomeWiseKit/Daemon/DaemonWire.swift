// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

public import HomeWiseDomain

/// What programs of ours say to a running `homewise serve`, over its socket.
public enum DaemonWire {
    public static let base = "/api/homewise/v1"

    public struct Load: Codable, Sendable {
        public var model: String
        public var options: ModelOptions
        public var naming: Naming

        public init(model: String, options: ModelOptions = ModelOptions(), naming: Naming = .asGiven) {
            self.model = model
            self.options = options
            self.naming = naming
        }
    }

    public struct Unload: Codable, Sendable {
        public var model: String
        /// Requests that it works on are broken off.
        public var isAtOnce: Bool

        public init(model: String, isAtOnce: Bool) {
            self.model = model
            self.isAtOnce = isAtOnce
        }
    }

    /// Options of a model were saved.
    public struct Saved: Codable, Sendable {
        public var model: String
        public init(model: String) { self.model = model }
    }

    public struct Heeded: Codable, Sendable {
        /// `nil` where the model is not loaded.
        public var threads: ThreadsHeeded?
        public init(threads: ThreadsHeeded?) { self.threads = threads }
    }

    public struct Ask: Codable, Sendable {
        public var model: String
        public var options: ModelOptions
        public var naming: Naming
        public var messages: [ChatMessage]
        /// Tokens that the answer may have at most.
        public var limit: Int?

        public init(model: String, options: ModelOptions = ModelOptions(), naming: Naming = .asGiven, messages: [ChatMessage], limit: Int?)
        {
            self.model = model
            self.options = options
            self.naming = naming
            self.messages = messages
            self.limit = limit
        }
    }

    /// Who answers.
    public struct Hello: Codable, Sendable, Equatable {
        public var version: String
        public var pid: Int32
        public var home: String

        public init(version: String, pid: Int32, home: String) {
            self.version = version
            self.pid = pid
            self.home = home
        }
    }

    /// A line of JSON in an answer that comes bit by bit. The last one is `loaded`, `answered`, `unloaded` or `failed`: a stream
    /// that ends without one was cut.
    public enum Line: Codable, Sendable, Equatable {
        case step(LoadStep)
        /// Something that a person should know: a measure of the ladder, a note.
        case told(label: String, text: String)
        case part(AnswerPart)
        case loaded(ResidentReport)
        /// It goes when these requests are done.
        case draining(requests: Int)
        case unloaded(wasLoaded: Bool)
        case answered(Speaker)
        case failed(Failure)
    }
}

/// The model that answers.
public struct Speaker: Codable, Sendable, Equatable {
    /// “model:quantization”.
    public var key: String
    public var name: String
    /// Whether it answers in turns; otherwise it continues a text.
    public var isChat: Bool

    public init(key: String, name: String, isChat: Bool) { (self.key, self.name, self.isChat) = (key, name, isChat) }

    public init(_ fit: Fit) { self.init(key: fit.key, name: fit.model.name, isChat: fit.model.isChat) }
}
