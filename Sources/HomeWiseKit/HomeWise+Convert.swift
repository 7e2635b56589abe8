// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseEngines
import HomeWiseMachine
import HomeWiseStore

extension HomeWise {
    /// Makes a GGUF of a model that is here as safetensors, by llama.cpp's own tools: under llama.cpp a processor answers several times as
    /// fast as under PyTorch.
    ///
    /// - Parameters:
    ///   - name: the model, or a folder with its files.
    ///   - quantization: such as `Q4_K_M`.
    ///   - output: where the file is to lie; `nil` to take it in as another quantisation of the model.
    /// - Returns: the model that was taken in; `nil` with an output.
    /// - Throws: `Failure.engineMissing` for one of the two engines that it needs, `Failure.diskFull`, `Failure.nothingToConvert`,
    ///   `Failure.conversionStopped`.
    public func convert(_ name: String, to quantization: String, output: String?, report: @escaping Report) async throws -> Installed? {
        guard let torch = try engineInUse(for: .pytorch) else { throw Failure.engineMissing(ModelFormat.pytorch.engine) }
        guard let quantizer = try engineInUse()?.tool("llama-quantize") else { throw Failure.engineMissing(ModelFormat.gguf.engine) }
        let source = try convertible(name)
        // Nobody may remove it while it is read.
        let lease = try source.installed.map { try self.lease(on: $0, purpose: "converting") }
        defer { withExtendedLifetime(lease) {} }
        // Held until what was made is taken in: a sweep passes over it.
        let room = try output == nil ? ConversionRoom.make(in: world.cache) : nil
        defer { withExtendedLifetime(room) {} }
        let place = output ?? place(for: source.name, quantization, in: room?.folder ?? "")
        let conversion = Conversion(
            host: engineHost, torch: torch, tools: try await converterTools(report: report), quantizer: quantizer, model: source.folder,
            output: place, threads: max(1, Int(probe.cpu().usableCores)))
        try await conversion.run(to: quantization) { progress in
            switch progress {
            case .reading: report(.note("Reading the model; nothing is written yet"))
            case .converting(let done, let all):
                report(.progress(name: "converting", TransferStatus(received: done.bytes, total: all.bytes)))
            case .quantizing(let done, let all):
                report(.progress(name: "quantising", TransferStatus(received: done.bytes, total: all.bytes)))
            }
        }
        if output != nil { return nil }
        do {
            let installed = try takeIn(place, report)
            room?.leave()
            return installed
        } catch let failure as Failure {
            // What was made is not made twice.
            throw failure.adding("converted", place)
        }
    }

    private func convertible(_ name: String) throws -> (name: String, folder: String, installed: Installed?) {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: name, isDirectory: &isFolder), isFolder.boolValue {
            return ((name as NSString).lastPathComponent, name, nil)
        }
        let (model, quantization) = try registry.model(named: name)
        let here = try store.models().filter {
            $0.name == model.id && $0.format == .pytorch && (quantization == nil || $0.tag.lowercased() == quantization)
        }
        guard let found = here.first else {
            throw Failure.badInput(
                "\(model.name) is not here as safetensors.", remedy: "Fetch it: homewise pull \(model.id) --type pytorch; or name a folder."
            )
        }
        return (model.id, Installed(found).folder, Installed(found))
    }

    private func place(for name: String, _ quantization: String, in folder: String) -> String {
        "\(folder)/\(name.replacing("/", with: "-"))-\(quantization.uppercased()).gguf"
    }

    private func takeIn(_ path: String, _ report: @escaping Report) throws -> Installed {
        let found = try findModels(at: path)
        guard let model = found.models.first else { throw Failure.unreadable(path: path, reason: "what came out is no model") }
        return try importModel(model, how: .move, report: report)
    }
}
