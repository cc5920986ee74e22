import Models
import Toolbox

/// One turn of a chat, from the user's message to its terminal event (chat-runtime §2.4, §2.5, §5.2).
///
/// A plain value: it holds no clock, socket or file. Callers report what happened and carry out the actions they get
/// back, in order. Whatever happens, `session` is its first event, and exactly one of `done` and `error` its last.
public struct TurnMachine: Sendable {
    /// What a turn may do at most.
    public struct Rules: Equatable, Sendable {
        /// Calls of the model; at least 1.
        public var maxIterations: Int
        /// Bytes of one answer's text. The provider's own limit counts tokens; this one is for providers that have none.
        public var maxAnswer = 8 << 20
        /// Milliseconds before the second attempt, where the provider names no time.
        public var retryDelay: Int64 = 500
        /// A provider that asks for more patience than this, in milliseconds, is not asked again.
        public var longestRetryDelay: Int64 = 10_000

        public init(maxIterations: Int) { self.maxIterations = max(1, maxIterations) }
    }

    public enum Action: Equatable, Sendable {
        /// Read what the model is told beside the messages. Answered by `prepared` or `couldNotPrepare`.
        case prepare
        /// Add messages to the session, and make them durable; the session itself too, if it is new. Answered by `saved`
        /// or `couldNotSave`. With an outcome, nothing follows in this turn, and that is to be on record as well.
        case save([ChatMessage], outcome: TurnOutcome?)
        /// Ask the model, with all that is saved. Answered by `modelSaid` and `modelFailed`.
        case callModel
        case stopModel
        /// Answered by `waited`.
        case wait(milliseconds: Int64)
        /// Answered by `toolFinished`.
        case runTool(ToolCall)
        case stopTool
        case emit(TurnEvent)
        /// The last action of all.
        case end(TurnOutcome)
    }

    /// Why a turn is ended from outside.
    public enum Stop: Equatable, Sendable {
        case cancelled, deleted, shuttingDown

        var error: TurnError {
            switch self {
            case .cancelled: return .cancelled
            case .deleted: return .deleted
            case .shuttingDown: return .shuttingDown
            }
        }
    }

    /// Why a call of the model failed.
    public struct ModelFailure: Error, Equatable, Sendable {
        /// For a person; without credentials.
        public var message: String
        /// Whether the same call may well succeed soon: 429, 5xx, a connection that could not be made (§2.5).
        public var isTransient: Bool
        /// Milliseconds that the provider asked for.
        public var retryAfter: Int64?

        public init(_ message: String, isTransient: Bool = false, retryAfter: Int64? = nil) {
            self.message = message
            self.isTransient = isTransient
            self.retryAfter = retryAfter
        }
    }

    /// One call of the model, and the tools it asked for.
    private struct Iteration {
        var number: Int
        var attempt = 1
        var text = ""
        var calls: [ToolCall] = []
        var usage: TokenUsage?
        /// What the first of the calls gave.
        var outcomes: [ToolOutcome] = []
    }

    private enum State {
        /// Not begun.
        case waiting
        case preparing
        /// Before the first call.
        case savingMessage
        case calling(Iteration)
        /// Before the second attempt.
        case pausing(Iteration)
        case usingTools(Iteration)
        case savingIteration(number: Int)
        case savingEnd(TurnOutcome)
        case ended
    }

    public let sessionID: String
    private let message: String
    private var rules = Rules(maxIterations: 1)
    private var state = State.waiting
    private var isAnnounced = false
    private var stop: Stop?
    private var lastUsage: TokenUsage?
    private var total = TokenUsage.zero
    private var iterations = 0

    public init(sessionID: String, message: String) {
        self.sessionID = sessionID
        self.message = message
    }

    public var isEnded: Bool {
        if case .ended = state { return true }
        return false
    }

    // MARK: - The beginning

    /// The session is there already, so that its name can be told at once, also while the turn waits for others (§2.8).
    public mutating func sessionExists() -> [Action] {
        guard case .waiting = state else { return [] }
        return announce()
    }

    /// The turn's time has come. What it may do is settled now.
    public mutating func begin(_ rules: Rules) -> [Action] {
        guard case .waiting = state else { return [] }
        self.rules = rules
        state = .preparing
        return [.prepare]
    }

    public mutating func prepared() -> [Action] {
        guard case .preparing = state else { return [] }
        state = .savingMessage
        return [.save([ChatMessage(role: .user, content: message)], outcome: nil)]
    }

    /// The model cannot be asked at all. The session stays as it is; a new one begins without a message (§2.5).
    public mutating func couldNotPrepare(_ error: TurnError) -> [Action] {
        switch state {
        case .waiting, .preparing: return saveEnd([], failed(error))
        case .savingMessage, .calling, .pausing, .usingTools, .savingIteration, .savingEnd, .ended: return []
        }
    }

    // MARK: - What is saved

    public mutating func saved() -> [Action] {
        switch state {
        case .savingMessage: return announce() + goOn(with: 1)
        case .savingIteration(let number): return goOn(with: number + 1)
        case .savingEnd(let outcome): return end(outcome)
        case .waiting, .preparing, .calling, .pausing, .usingTools, .ended: return []
        }
    }

    public mutating func couldNotSave(_ error: TurnError) -> [Action] {
        switch state {
        case .savingMessage, .savingIteration, .savingEnd: return end(failed(error))
        case .waiting, .preparing, .calling, .pausing, .usingTools, .ended: return []
        }
    }

    private mutating func goOn(with number: Int) -> [Action] {
        if let stop { return saveEnd([], failed(stop.error)) }
        state = .calling(Iteration(number: number))
        return [.callModel]
    }

    // MARK: - The model

    public mutating func modelSaid(_ event: ModelEvent) -> [Action] {
        guard case .calling(var iteration) = state else { return [] }
        // The text grows in place: nobody else may hold it meanwhile.
        state = .waiting
        switch event {
        case .delta(let text):
            guard iteration.text.utf8.count + text.utf8.count <= rules.maxAnswer else {
                state = .calling(iteration)
                return [.stopModel] + breakOff(iteration, TurnError(.internalError, "the answer is too long"))
            }
            iteration.text += text
            state = .calling(iteration)
            return text.isEmpty ? [] : [.emit(.delta(text))]
        case .toolCalls(let calls):
            iteration.calls += calls
            state = .calling(iteration)
            return []
        case .usage(let usage):
            iteration.usage = usage
            state = .calling(iteration)
            return []
        case .finished(let reason):
            return answered(iteration, reason)
        }
    }

    private mutating func answered(_ iteration: Iteration, _ reason: FinishReason) -> [Action] {
        iterations += 1
        lastUsage = iteration.usage
        if let usage = iteration.usage { total = total + usage }
        if let call = iteration.calls.first {
            state = .usingTools(iteration)
            return [.runTool(call)]
        }
        let detail: String? = reason == .length || reason == .contentFilter ? reason.rawValue : nil
        let outcome = finished(reason == .toolCalls ? .stop : reason, detail)
        return saveEnd([ChatMessage(role: .assistant, content: iteration.text)], outcome)
    }

    public mutating func modelFailed(_ failure: ModelFailure) -> [Action] {
        guard case .calling(var iteration) = state else { return [] }
        let delay = failure.retryAfter ?? rules.retryDelay
        if failure.isTransient, iteration.attempt == 1, iteration.text.isEmpty, delay <= rules.longestRetryDelay {
            iteration = Iteration(number: iteration.number, attempt: 2)
            state = .pausing(iteration)
            return [.wait(milliseconds: max(0, delay))]
        }
        return breakOff(iteration, TurnError(.internalError, failure.message))
    }

    public mutating func waited() -> [Action] {
        guard case .pausing(let iteration) = state else { return [] }
        state = .calling(iteration)
        return [.callModel]
    }

    /// Ends in the middle of an answer: what was shown of it is kept, and says that it is not all (§2.5).
    private mutating func breakOff(_ iteration: Iteration, _ error: TurnError) -> [Action] {
        if let usage = iteration.usage { total = total + usage }
        let partial = ChatMessage(role: .assistant, content: iteration.text, isPartial: true)
        return saveEnd(iteration.text.isEmpty ? [] : [partial], failed(error))
    }

    // MARK: - Tools

    public mutating func toolFinished(_ outcome: ToolOutcome) -> [Action] {
        guard case .usingTools(var iteration) = state else { return [] }
        let call = iteration.calls[iteration.outcomes.count]
        iteration.outcomes.append(outcome)
        state = .usingTools(iteration)
        let shown = Action.emit(.toolCall(call, outcome))
        if iteration.outcomes.count < iteration.calls.count {
            return [shown, .runTool(iteration.calls[iteration.outcomes.count])]
        }
        let messages = Self.messages(of: iteration)
        guard iteration.number >= rules.maxIterations else {
            state = .savingIteration(number: iteration.number)
            return [shown, .save(messages, outcome: nil)]
        }
        let last = ChatMessage(role: .assistant, content: Self.fallback(rules.maxIterations))
        return [shown, .emit(.delta(last.content))]
            + saveEnd(messages + [last], finished(.toolCalls, "max_iterations"))
    }

    /// The answer when the model would go on using tools (§5.2). The words `max iterations` are contract.
    static func fallback(_ limit: Int) -> String {
        "I stopped here: the limit of \(limit) steps was reached (max iterations). Ask me to go on if you want more."
    }

    /// The answer with its calls, and one message for each call. A provider refuses calls that have no result, so those
    /// that were never run have one too.
    private static func messages(of iteration: Iteration, isPartial: Bool = false) -> [ChatMessage] {
        var messages = [
            ChatMessage(
                role: .assistant, content: iteration.text, toolCalls: iteration.calls, isPartial: isPartial)
        ]
        for (index, call) in iteration.calls.enumerated() {
            let outcome =
                index < iteration.outcomes.count ? iteration.outcomes[index] : .failure("the turn ended before it ran")
            messages.append(
                ChatMessage(
                    role: .tool, content: outcome.output, name: call.name, toolCallID: call.id,
                    isError: outcome.isError))
        }
        return messages
    }

    // MARK: - The end

    /// Ends the turn from outside. What is finished stays, and what was shown of an answer; of a session that was deleted,
    /// nothing.
    public mutating func stop(_ stop: Stop) -> [Action] {
        switch state {
        case .ended: return []
        case .waiting, .preparing: return end(failed(stop.error))
        case .savingMessage, .savingIteration:
            if stop == .deleted { return end(failed(stop.error)) }
            self.stop = self.stop ?? stop
            return []
        case .savingEnd:
            // It is over; only of a session that is gone there is nothing more to say.
            return stop == .deleted ? end(failed(stop.error)) : []
        case .calling(let iteration):
            return [.stopModel] + (stop == .deleted ? end(failed(stop.error)) : breakOff(iteration, stop.error))
        case .pausing(let iteration):
            return stop == .deleted ? end(failed(stop.error)) : breakOff(iteration, stop.error)
        case .usingTools(let iteration):
            if stop == .deleted { return [.stopTool] + end(failed(stop.error)) }
            return [.stopTool] + saveEnd(Self.messages(of: iteration, isPartial: true), failed(stop.error))
        }
    }

    private mutating func saveEnd(_ messages: [ChatMessage], _ outcome: TurnOutcome) -> [Action] {
        state = .savingEnd(outcome)
        return [.save(messages, outcome: outcome)]
    }

    private mutating func end(_ outcome: TurnOutcome) -> [Action] {
        state = .ended
        let last: TurnEvent
        switch outcome {
        case .finished(let finish): last = .done(sessionID: sessionID, finish)
        case .failed(let error, _, _): last = .error(error)
        }
        return announce() + [.emit(last), .end(outcome)]
    }

    private mutating func announce() -> [Action] {
        if isAnnounced { return [] }
        isAnnounced = true
        return [.emit(.session(id: sessionID))]
    }

    private func failed(_ error: TurnError) -> TurnOutcome { .failed(error, total: total, iterations: iterations) }

    private func finished(_ reason: FinishReason, _ detail: String?) -> TurnOutcome {
        .finished(
            TurnFinish(reason: reason, detail: detail, usage: lastUsage, total: total, iterations: iterations))
    }
}
