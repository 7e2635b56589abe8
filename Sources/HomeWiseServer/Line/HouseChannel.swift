// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import HomeWiseDomain
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

/// How bytes of a connection become requests: HTTP/1.1 alone, with our limits, and a guard right behind the parser.
struct HouseChannel: ServerChildChannel {
    typealias Value = HTTP1Channel.Value

    let place: Place
    let doors: Doors
    private let base: HTTP1Channel

    init(place: Place, doors: Doors, responder: @escaping HTTPChannelHandler.Responder) {
        self.place = place
        self.doors = doors
        let limits = doors.limits
        base = HTTP1Channel(
            responder: responder,
            configuration: .init(
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: limits.headerBytes, maxHeaderListSize: limits.headerBytes, maxHeaderFieldCount: limits.headers)))
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let visit = doors.opened(channel, at: place)
        if case .socket = place { SocketOwner.tell(visit) }
        let doors = doors
        return base.setup(channel: channel, logger: logger).flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let parser = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try pipeline.addHandler(LineGuard(visit: visit, doors: doors), position: .after(parser))
            return value
        }
    }

    func handle(value: Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}
