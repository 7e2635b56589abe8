// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain
import HomeWiseKit
import Synchronization

/// The conversation at the terminal.
struct Chat: Sendable {
    let conversation: any Talk
    let isJSON: Bool

    /// One question, one answer; the answer alone goes to standard output.
    func once(_ prompt: String) async throws {
        let answer = try await askUntilAnswered(prompt)
        if isJSON {
            try Terminal.json(await answer.result(of: conversation))
        } else {
            // A program gets the whole answer or none: half of one that broke off is no answer.
            Terminal.answer(Terminal.isAnswerForPerson ? "\n" : Terminal.plain(answer.text) + "\n")
            await answer.tell(conversation)
        }
    }

    func converse() async throws {
        Terminal.say(Terminal.dim("Ask away. Ctrl-C stops an answer; /clear begins anew; /bye or Ctrl-D leaves."))
        let model = try await conversation.speaker()
        if !model.isChat {
            Terminal.line("Note", "\(model.name) continues what you write; it does not answer in turns.")
        }
        while let line = await Self.nextLine() {
            let text = line.trimmingCharacters(in: .whitespaces)
            switch text {
            case "": continue
            case "/bye", "/exit", "/quit": return
            case "/clear":
                await conversation.forget()
                Terminal.say(Terminal.dim("Forgotten. A new conversation begins."))
            case "/?", "/help": Terminal.say(Terminal.dim("/clear begins anew, /bye leaves, Ctrl-C stops an answer."))
            default: try await turn(text)
            }
        }
        Terminal.say("")
    }

    /// An answer that is refused or interrupted does not end the conversation, nor does an engine that died, as long as another takes
    /// its place.
    private func turn(_ text: String) async throws {
        do {
            let answer = try await Interrupts.shared.cancelling(isLast: false) { try await ask(text) }
            Terminal.answer("\n")
            await answer.tell(conversation)
        } catch is CancellationError {
            Terminal.say("\n" + Terminal.dim("Stopped."))
        } catch let failure as Failure where failure.code == .engineRefused {
            Terminal.error(failure)
        } catch let failure as Failure where failure.code == .engineDied && !failure.isFinal {
            // Its successor is starting; whether there is none shows with the next question.
            Terminal.error(failure)
            Terminal.say(Terminal.dim("The conversation is kept: ask again."))
        }
    }

    /// Nobody is there to ask again: the question goes to the engine's successor, until there is none.
    private func askUntilAnswered(_ prompt: String) async throws -> Answer {
        while true {
            do { return try await ask(prompt, isWhole: !Terminal.isAnswerForPerson) } catch let failure as Failure
                where failure.code == .engineDied && !failure.isFinal
            {
                await conversation.takeBack()
                if !isJSON, Terminal.isAnswerForPerson { Terminal.answer("\n") }
                Terminal.line("Again", "the answer broke off and is asked for once more")
            }
        }
    }

    /// - Parameter isWhole: nothing is shown before the answer is whole.
    private func ask(_ prompt: String, isWhole: Bool = false) async throws -> Answer {
        let answer = Held()
        let start = ContinuousClock.now
        let speaker = try await conversation.put(prompt) { [isJSON] part in
            let text = answer.value.withLock { $0.take(part, after: start.duration(to: .now) / .seconds(1)) }
            if !isJSON, !isWhole, let text { Terminal.answer(text) }
        }
        return answer.value.withLock { answer in
            answer.model = speaker.key
            return answer
        }
    }

    /// What is written so far, for whoever writes on.
    private final class Held: Sendable {
        let value = Mutex(Answer())
    }

    /// Reads on a thread of its own: the keyboard may keep it waiting for hours.
    private static func nextLine() async -> String? {
        Terminal.write(Self.prompt, to: STDERR_FILENO)
        return await Interrupts.shared.handling({
            Terminal.write("\n" + Terminal.dim("Ctrl-D or /bye leaves.") + Self.prompt, to: STDERR_FILENO)
        }) {
            await withCheckedContinuation { continuation in
                Thread { continuation.resume(returning: readLine()) }.start()
            }
        }
    }

    private static var prompt: String { Terminal.paint("\n> ", "1") }
}

/// What came of one question.
struct Answer: Sendable {
    private(set) var text = ""
    private(set) var reasoning = ""
    private(set) var secondsToFirst: Double?
    private(set) var timings: AnswerTimings?
    private(set) var finish: String?
    /// “name:quantization” of the model that wrote it.
    fileprivate(set) var model = ""

    /// - Returns: what to show now.
    mutating func take(_ part: AnswerPart, after seconds: Double) -> String? {
        switch part {
        case .text(let piece):
            if secondsToFirst == nil { secondsToFirst = seconds }
            // Models often begin with blanks, and so does what follows their thoughts.
            let shown = text.isEmpty ? String(piece.drop { $0.isWhitespace }) : piece
            text += shown
            return shown.isEmpty ? nil : (text == shown && !reasoning.isEmpty ? "\n\n" : "") + Terminal.plain(shown)
        case .reasoning(let piece):
            if secondsToFirst == nil { secondsToFirst = seconds }
            reasoning += piece
            return Terminal.isAnswerForPerson ? Terminal.dim(Terminal.plain(piece)) : nil
        case .timings(let value): timings = value
        case .finished(let reason): finish = reason
        }
        return nil
    }

    /// The figures, for a person.
    func tell(_ conversation: any Talk) async {
        var parts: [String] = []
        if let timings {
            parts.append("\(timings.tokens) tokens at \(timings.tokensPerSecond.rounded(toPlaces: 1)) tokens/s")
        }
        if let secondsToFirst { parts.append("the first after \(secondsToFirst.rounded(toPlaces: 2)) s") }
        if let memory = await conversation.memory() {
            parts.append("memory used \(memory.resident), of it \(memory.anonymous) of its own and the rest the model's file")
        }
        if finish == "length" { parts.append("stopped at the limit of its length") }
        Terminal.line("Answer", Terminal.dim(parts.joined(separator: "; ")))
    }

    struct Result: Encodable {
        let model: String
        let answer: String
        let reasoning: String?
        let finishReason: String?
        let secondsToFirstToken: Double?
        let timings: AnswerTimings?
        let memoryResident: Int64?
        let memoryAnonymous: Int64?
    }

    func result(of conversation: any Talk) async -> Result {
        let memory = await conversation.memory()
        return Result(
            model: model, answer: text, reasoning: reasoning.isEmpty ? nil : reasoning, finishReason: finish,
            secondsToFirstToken: secondsToFirst, timings: timings, memoryResident: memory?.resident.bytes,
            memoryAnonymous: memory?.anonymous.bytes)
    }
}
