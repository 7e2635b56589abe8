// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

public import HomeWiseDomain
import HomeWiseStore

/// How one model is to be run, as a person saved it.
extension HomeWise {
    /// What is saved for a model; empty where nothing is.
    ///
    /// - Parameter key: “model:quantization”.
    func savedOptions(_ key: String) throws -> ModelOptions { try store.inventory.note(.options, key: key) ?? ModelOptions() }

    /// Every option of a model: what holds by itself, what is saved, what the next start gets, and why.
    ///
    /// - Parameter wish: what is said for one run alone.
    /// - Throws: `Failure.unknownModel`, `Failure.modelTooLarge`.
    public func options(
        of name: String, wish asked: ModelOptions = ModelOptions(), under wish: Wish = Wish(), keepAlive: KeepAlive = .standard
    ) async throws -> [OptionReport] {
        let machine = try await hardware()
        let fit = try choose(named: name, wish: wish, machine: machine)
        let here = try installed().first { "\($0.name):\($0.quantization)" == fit.key }
        let plan: LaunchPlan
        if let here {
            plan = try await launchPlan(Ready(fit: fit, installed: here))
        } else {
            let cores = max(1, Int(machine.cpu.usableCores))
            plan = LaunchPlan(
                model: "", alias: fit.model.id, options: fit.options, placement: fit.placement, threads: cores,
                reasons: ["\(cores) thread\(cores == 1 ? "" : "s"): the cores that may be used"])
        }
        return OptionReport.all(fit: fit, plan: plan, wish: asked, saved: try savedOptions(fit.key), keepAlive: keepAlive)
    }

    /// Saves options of a model, beside those that are saved already. A loaded one is loaded anew with the next request where they matter.
    ///
    /// - Parameter values: by name, as they are typed.
    /// - Returns: all that is saved now.
    /// - Throws: `Failure.badInput` that names option and range; nothing is saved then. `Failure.unknownModel`.
    @discardableResult public func setOptions(of name: String, _ values: [String: String]) throws -> ModelOptions {
        let key = try optionsKey(of: name)
        var options = try savedOptions(key)
        for (name, value) in values.sorted(by: { $0.key < $1.key }) { try options.set(ModelOptions.Name(parsing: name), to: value) }
        try options.check()
        try store.inventory.note(options, .options, key: key, at: world.now())
        return options
    }

    /// Forgets saved options of a model; all of them where none is named.
    ///
    /// - Returns: all that is saved now.
    /// - Throws: `Failure.badInput` for a name that is no option's, `Failure.unknownModel`.
    @discardableResult public func unsetOptions(of name: String, _ names: [String] = []) throws -> ModelOptions {
        let key = try optionsKey(of: name)
        var options = names.isEmpty ? ModelOptions() : try savedOptions(key)
        for name in names { try options.clear(ModelOptions.Name(parsing: name)) }
        try options.check()
        if options.isEmpty {
            try store.inventory.forget(.options, key: key)
        } else {
            try store.inventory.note(options, .options, key: key, at: world.now())
        }
        return options
    }

    /// Options are of one file: another quantisation of the same model takes other memory.
    private func optionsKey(of name: String) throws -> String {
        let here = try here(named: name)
        guard here.count == 1, let one = here.first else {
            throw Failure.badInput(
                "“\(name.prefix(100))” is here in several quantisations.",
                remedy: "Name one of them: \(here.map { "\($0.name):\($0.tag)" }.joined(separator: ", ")).")
        }
        return "\(one.name):\(one.tag)"
    }
}
