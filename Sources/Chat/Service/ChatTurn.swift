import Bytes
import Fleet
import Models
import Reactor
import Settings
import Synchronization
import Toolbox

/// One turn under way: carries out what its `TurnMachine` decides.
@Loop
final class ChatTurn {
    let id: TurnQueue.Turn
    let session: ChatSession
    let message: String
    private var machine: TurnMachine
    private let stream: TurnStream?
    private unowned let service: ChatService
    /// What it goes by; taken when it begins, and kept.
    private var agent: ChatAgent?
    private var prompt = ""
    private var call: (any ModelCall)?
    private var usedTools = false
    private(set) var hasBegun = false
    /// Called when it is over, before the next turn of its session begins.
    var onEnd: (@Loop (ChatTurn, TurnOutcome) -> Void)?
    private let worker = Worker()
    private let isStopped = Flag()
    /// What is to be done, in order; what is done may lead to more.
    private var actions: [TurnMachine.Action] = []
    private var isActing = false

    /// - Parameter stream: Where its events go; `nil` when nobody listens.
    init(
        _ id: TurnQueue.Turn, session: ChatSession, message: String, stream: TurnStream?, service: ChatService
    ) {
        self.id = id
        self.session = session
        self.message = message
        machine = TurnMachine(sessionID: session.id, message: message)
        self.stream = stream
        self.service = service
    }

    // MARK: - Inputs

    func sessionExists() { act(machine.sessionExists()) }

    func begin(_ agent: Result<ChatAgent, TurnError>) {
        if session.isStored { act(machine.sessionExists()) }
        hasBegun = true
        session.turnStartedAt = ChatTime.now
        switch agent {
        case .success(let agent):
            self.agent = agent
            session.settings = (agent.settings.provider.rawValue, agent.settings.model)
            act(machine.begin(TurnMachine.Rules(maxIterations: agent.settings.maxIterations)))
        case .failure(let error): act(machine.couldNotPrepare(error))
        }
    }

    func stop(_ stop: TurnMachine.Stop) {
        act(machine.stop(stop))
        if machine.isEnded { isStopped.raise() }
    }

    // MARK: - Actions

    private func act(_ new: [TurnMachine.Action]) {
        actions += new
        guard !isActing else { return }
        isActing = true
        var index = 0
        while index < actions.count {
            carryOut(actions[index])
            index += 1
        }
        actions.removeAll(keepingCapacity: true)
        isActing = false
        stream?.flush()
    }

    private func carryOut(_ action: TurnMachine.Action) {
        switch action {
        case .prepare: prepare()
        case .save(let messages, let outcome): save(messages, outcome)
        case .callModel: callModel()
        case .stopModel:
            call?.cancel()
            call = nil
        case .wait(let milliseconds):
            _ = LoopTimer(after: milliseconds) { [weak self] in
                guard let self else { return }
                act(machine.waited())
            }
        case .runTool(let call): run(call)
        case .stopTool: isStopped.raise()
        case .emit(let event): stream?.send(event)
        case .end(let outcome): end(outcome)
        }
    }

    private func prepare() {
        guard let tools = agent?.tools else { return }
        let message = message
        let isStopped = isStopped
        let read = { @Sendable () -> Result<String, PromptFailure> in
            tools.prepare(isCancelled: { isStopped.isRaised })
            do throws(PromptFailure) { return .success(try tools.prompt(for: message)) } catch {
                return .failure(error)
            }
        }
        let done = { @Sendable @Loop (result: Result<String, PromptFailure>) in
            switch result {
            case .success(let prompt):
                self.prompt = prompt
                self.act(self.machine.prepared())
            case .failure(let failure):
                self.act(self.machine.couldNotPrepare(TurnError(.internalError, failure.message)))
            }
        }
        // Nobody waits for the programs of another's tools.
        if tools.isSlowToPrepare { worker.run(read, then: done) } else { service.readers.run(read, then: done) }
    }

    private func save(_ messages: [ChatMessage], _ outcome: TurnOutcome?) {
        session.tool = nil
        service.save(messages, outcome: outcome, in: session) { [self] result in
            switch result {
            case .success: act(machine.saved())
            case .failure(let error): act(machine.couldNotSave(error))
            }
        }
    }

    private func callModel() {
        guard let agent else { return }
        let tools = agent.tools.declarations
        let settings = agent.settings
        var besides = tools.reduce(0) { $0 + $1.tokens }
        if !prompt.isEmpty { besides += TokenBudget.estimate(ChatMessage(role: .system, content: prompt)) }
        let (messages, tokens) = session.conversation
        let request = ModelRequest(
            model: settings.model, temperature: settings.temperature, maxTokens: settings.maxTokens, system: prompt,
            messages: TokenBudget.trim(messages, estimated: tokens, besides: besides, budget: settings.tokenBudget),
            tools: tools)
        call = service.gateway.call(request, settings: settings, receiver: self)
    }

    private func run(_ call: ToolCall) {
        guard let tools = agent?.tools else { return }
        usedTools = true
        session.tool = call.name
        service.changed(session)
        let isStopped = isStopped
        worker.run({ tools.run(call, isCancelled: { isStopped.isRaised }) }) { [self] outcome in
            act(machine.toolFinished(outcome))
        }
    }

    private func end(_ outcome: TurnOutcome) {
        call?.cancel()
        call = nil
        session.turnStartedAt = nil
        session.tool = nil
        if case .finished(let finish) = outcome, finish.detail != "max_iterations", !usedTools { remember() }
        stream?.end()
        onEnd?(self, outcome)
        onEnd = nil
        service.ended(self, outcome)
    }

    /// A turn without tools is noted in the memory (§5.1).
    private func remember() {
        guard let tools = agent?.tools, let answer = session.messages.last, answer.role == .assistant else { return }
        service.notes.add(message: message, answer: answer.content, in: tools)
    }
}

extension ChatTurn: ModelReceiver {
    func modelSaid(_ events: [ModelEvent]) {
        // Together, so that they leave together.
        var new: [TurnMachine.Action] = []
        for event in events { new += machine.modelSaid(event) }
        act(new)
    }

    func modelFailed(_ failure: TurnMachine.ModelFailure) {
        call = nil
        act(machine.modelFailed(failure))
    }
}

/// Raised once, and seen by other threads.
final class Flag: Sendable {
    private let value = Atomic(false)

    var isRaised: Bool { value.load(ordering: .relaxed) }
    func raise() { value.store(true, ordering: .relaxed) }
}
