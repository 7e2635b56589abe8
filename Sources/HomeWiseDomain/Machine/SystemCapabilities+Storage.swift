// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

extension SystemCapabilities {
    public struct Storage: Sendable, Codable, Equatable {
        public var path: String
        public var free: ByteCount?
        public var total: ByteCount?
        /// The system's name for the file system, such as “ext4”.
        public var filesystem: String?
        /// The disk turns: reading in bits and pieces is slow. `nil` for networks, overlays and whatever spans disks.
        public var isRotational: Bool?
        public var isReadOnly: Bool?

        public init(
            path: String, free: ByteCount?, total: ByteCount?, filesystem: String? = nil, isRotational: Bool? = nil,
            isReadOnly: Bool? = nil
        ) {
            self.path = path
            self.free = free
            self.total = total
            self.filesystem = filesystem
            self.isRotational = isRotational
            self.isReadOnly = isReadOnly
        }
    }
}
