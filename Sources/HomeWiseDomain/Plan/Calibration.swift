// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// What the engine's own kernels reach on this machine: measured once for each machine and engine, with small models of
/// our own, one for each kind of block.
public struct Calibration: Sendable, Codable, Equatable {
    /// Engine and version that were measured.
    public var engine: String
    /// Processor that was measured.
    public var processor: String
    public var kernels: [Kernel]
    /// Seconds that a layer takes beside its arithmetic, by threads: waiting for one another.
    public var layerSeconds: [Int: Double]
    /// How far repeated runs lay apart, as a share: what a prediction can be worth at best.
    public var spread: Double

    public init(engine: String, processor: String, kernels: [Kernel], layerSeconds: [Int: Double], spread: Double) {
        self.engine = engine
        self.processor = processor
        self.kernels = kernels
        self.layerSeconds = layerSeconds
        self.spread = spread
    }

    /// One kind of block with one number of threads.
    public struct Kernel: Sendable, Codable, Equatable {
        /// As ggml names it.
        public var type: String
        public var threads: Int
        /// Bytes of weights that are worked through in a second while one token is written.
        public var bytesPerSecond: Double
        /// Seconds that each row takes beside its bytes.
        public var rowSeconds: Double
        /// Elements of weights times tokens that are worked through in a second while a prompt is read.
        public var promptRate: Double

        public init(type: String, threads: Int, bytesPerSecond: Double, rowSeconds: Double, promptRate: Double) {
            self.type = type
            self.threads = threads
            self.bytesPerSecond = bytesPerSecond
            self.rowSeconds = rowSeconds
            self.promptRate = promptRate
        }
    }

    /// Threads that were measured, fewest first.
    public var threadCounts: [Int] { Set(kernels.map(\.threads)).sorted() }

    /// The kernel for a type, or for the measured type whose blocks are nearest in size, scaled to the same pace by element.
    public func kernel(_ type: String, threads: Int) -> Kernel? {
        let count = nearest(threads)
        let here = kernels.filter { $0.threads == count }
        if let exact = here.first(where: { $0.type == type }) { return exact }
        guard let wanted = GGMLType.named(type) else { return nil }
        let measured = here.compactMap { kernel in GGMLType.named(kernel.type).map { (kernel, $0.bitsPerElement) } }
        guard var (kernel, bits) = measured.min(by: { abs($0.1 - wanted.bitsPerElement) < abs($1.1 - wanted.bitsPerElement) }) else {
            return nil
        }
        kernel.bytesPerSecond *= wanted.bitsPerElement / bits
        kernel.type = type
        bits = wanted.bitsPerElement
        return kernel
    }

    func secondsPerLayer(threads: Int) -> Double { layerSeconds[nearest(threads)] ?? 0 }

    private func nearest(_ threads: Int) -> Int {
        threadCounts.min { (abs($0 - threads), $0) < (abs($1 - threads), $1) } ?? threads
    }
}
