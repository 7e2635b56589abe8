// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseEngines
import HomeWiseStore

/// Where the one `homewise serve` of a store is found.
extension World {
    /// `sun_path` of macOS has 104 bytes, of Linux 108, the closing zero included.
    private static let longestSocket = 103

    /// The socket of this store's daemon; of a store whose path is too long for one, in a private folder of the system's.
    ///
    /// - Throws: `Failure.storeUnusable` where that folder is somebody else's.
    public func daemonSocket() throws -> String {
        let own = "\(Layout(home: home).run)/serve.socket"
        if own.utf8.count <= Self.longestSocket { return own }
        let folder = "/tmp/homewise-\(getuid())"
        mkdir(folder, 0o700)
        var status = stat()
        guard lstat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == getuid(), status.st_mode & 0o077 == 0 else {
            throw Failure.cannotWrite(path: folder, errno: EPERM)
        }
        return "\(folder)/\(FileHash.digest(ofText: home).short).socket"
    }

    /// Whether somebody listens at a socket.
    public static func answers(_ socket: String) -> Bool { access(socket, F_OK) == 0 && SocketFolder.isAlive(socket) }

    public var daemonLog: String { "\(Layout(home: home).logs)/serve.log" }

    /// Starts this program's own `serve` in a session of its own, so that it lives on when this one ends.
    ///
    /// - Throws: `Failure.storeUnusable`, `Failure.engineStartFailed`.
    public func startDaemon(_ arguments: [String]) throws {
        try BackgroundProcess.start(executable, ["serve"] + arguments, environment: environment, log: daemonLog)
    }
}

/// That this process, and no other, serves a store.
public struct DaemonSeat: Sendable {
    private let lock: FileLock
    public let socket: String

    /// - Returns: `nil` where another process serves it.
    public init?(_ world: World) throws {
        guard let lock = try FileLock.attempt("\(Layout(home: world.home).run)/serve.lock") else { return nil }
        self.lock = lock
        socket = try world.daemonSocket()
        // Whoever held the lock before is gone, and nobody listens there.
        guard unlink(socket) == 0 || errno == ENOENT else { throw Failure.cannotWrite(path: socket, errno: errno) }
    }
}

extension HomeWise {
    /// Where the words of a model's engine are kept.
    ///
    /// - Throws: `Failure.unknownModel`, `Failure.badInput` where it was never run.
    public func log(of name: String) throws -> String {
        let model = try registry.model(named: name).model
        let path = engineHost.log(of: model.id)
        guard FileManager.default.fileExists(atPath: path) else {
            throw Failure.badInput("\(model.name) has no log: it was not started yet.", remedy: "Start it with: homewise run \(model.id)")
        }
        return path
    }
}
