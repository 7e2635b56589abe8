// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import ArgumentParser
import HomeWiseDomain
import HomeWiseKit
import HomeWiseServer

/// Where `homewise serve` is reached, by whom, and under which names.
struct ListenOptions: ParsableArguments {
    @Option(help: "The address to listen at; one beyond this machine needs a key and --tls.") var host = "127.0.0.1"
    @Option(help: "The port; 0 for any that is free.") var port = ListenPlan.standardPort
    @Option(help: "Further addresses, such as 127.0.0.1:11434, where clients of Ollama look.") var alsoListen: [String] = []
    @Flag(help: "Listen at no address: the private socket alone.") var noTcp = false
    @Option(help: "Further names of this machine that requests may ask for, such as box.local or box.local:443.") var name: [String] = []
    @Option(help: "Pages that may ask from a browser, such as https://chat.example.") var allowOrigin: [String] = []
    @Flag(help: "Let programs on this machine whose owner cannot be told ask without a key.") var trustUnknown = false
    @Flag(help: "Serve addresses beyond this machine with a certificate that is made here.") var tls = false
    @Option(help: "A certificate of your own for that (PEM).") var tlsCertificate: String?
    @Option(help: "Its key (PEM).") var tlsKey: String?

    var secondsToEnd: Double { Double(ServerLimits().drain.components.seconds) }

    /// - Throws: `Failure.badInput`, `Failure.openAddress`, `Failure.unusableCertificate`.
    func plan(_ seat: DaemonSeat, _ keys: KeyDesk, _ world: World) throws -> ServingPlan {
        let names = try name.map(Self.authority)
        let endpoints = try endpoints()
        let identity = try identity(endpoints, names, world)
        var plan = try ServingPlan(
            socket: seat.socket, listen: ListenPlan(endpoints, hasKey: !keys.all().isEmpty, hasTLS: identity != nil), identity: identity)
        plan.policy = AccessPolicy(names: names, origins: Set(allowOrigin), unknownNeedsKey: !trustUnknown)
        return plan
    }

    private func endpoints() throws -> [Endpoint] {
        guard !noTcp else {
            guard alsoListen.isEmpty else {
                throw Failure.badInput("--no-tcp and --also-listen say opposite things.", remedy: "Give one of them.")
            }
            return []
        }
        let first = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
        return try [Endpoint(parsing: "\(first):\(port)")] + alsoListen.map { try Endpoint(parsing: $0) }
    }

    private func identity(_ endpoints: [Endpoint], _ names: [Authority], _ world: World) throws -> ServerIdentity? {
        if let tlsCertificate, let tlsKey { return try ServerIdentity(certificate: tlsCertificate, key: tlsKey) }
        guard tlsCertificate == nil, tlsKey == nil else {
            throw Failure.badInput("A certificate needs its key.", remedy: "Give --tls-certificate and --tls-key together.")
        }
        guard tls else { return nil }
        return try .kept(in: world.certificateFolder, names: names + endpoints.compactMap { Authority($0.description) })
    }

    private static func authority(_ text: String) throws -> Authority {
        guard let authority = Authority(text) else {
            throw Failure.badInput("“\(text.prefix(60))” is no name of a machine.", remedy: "Give one such as box.local or box.local:8484.")
        }
        return authority
    }

    static func tell(_ endpoints: [Endpoint], _ plan: ServingPlan) {
        Terminal.line("Serving", "at \(plan.socket)")
        for endpoint in endpoints { Terminal.line("Serving", "at \(endpoint.isLoopback ? "http" : "https")://\(endpoint)") }
        if let identity = plan.identity, endpoints.contains(where: { !$0.isLoopback }) {
            Terminal.line("Certificate", "SHA-256 \(identity.fingerprint)")
        }
    }
}
