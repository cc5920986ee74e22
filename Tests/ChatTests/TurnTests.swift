import Models
import Testing
import Toolbox

@testable import Chat

/// Dialogues with one turn: it is told what happened, and answers what is to be done.
@Suite struct TurnTests {
    private let usage = TokenUsage(promptTokens: 10, completionTokens: 20, totalTokens: 30)
    private let ls = ToolCall(id: "1", name: "ls", arguments: [:])
    private let pwd = ToolCall(id: "2", name: "pwd", arguments: ["a": 1])
    private let asked = ChatMessage(role: .user, content: "hi")
    private let session = TurnMachine.Action.emit(.session(id: "s"))

    private func machine() -> TurnMachine { TurnMachine(sessionID: "s", message: "hi") }

    /// A turn whose model is being asked.
    private func asking(_ iterations: Int = 6) -> TurnMachine {
        var turn = machine()
        _ = turn.begin(.init(maxIterations: iterations))
        _ = turn.prepared()
        #expect(turn.saved() == [session, .callModel])
        return turn
    }

    private func failed(_ error: TurnError, total: TokenUsage = .zero, iterations: Int = 0) -> TurnOutcome {
        .failed(error, total: total, iterations: iterations)
    }

    private func end(_ outcome: TurnOutcome) -> [TurnMachine.Action] {
        switch outcome {
        case .finished(let finish): return [.emit(.done(sessionID: "s", finish)), .end(outcome)]
        case .failed(let error, _, _): return [.emit(.error(error)), .end(outcome)]
        }
    }

    // MARK: - An answer

    @Test func `a question is saved before anything is asked, and its answer before it is done`() {
        var turn = machine()
        #expect(turn.begin(.init(maxIterations: 6)) == [.prepare])
        #expect(turn.prepared() == [.save([asked], outcome: nil)])
        #expect(turn.saved() == [session, .callModel])
        #expect(turn.modelSaid(.delta("he")) == [.emit(.delta("he"))])
        #expect(turn.modelSaid(.delta("llo")) == [.emit(.delta("llo"))])
        #expect(turn.modelSaid(.usage(usage)) == [])
        let outcome = TurnOutcome.finished(TurnFinish(reason: .stop, usage: usage, total: usage, iterations: 1))
        #expect(
            turn.modelSaid(.finished(.stop))
                == [.save([ChatMessage(role: .assistant, content: "hello")], outcome: outcome)])
        #expect(!turn.isEnded)
        #expect(turn.saved() == end(outcome))
        #expect(turn.isEnded)
    }

    @Test func `a session that exists is told at once, also to those who wait`() {
        var turn = machine()
        #expect(turn.sessionExists() == [session])
        #expect(turn.sessionExists() == [])
        _ = turn.begin(.init(maxIterations: 1))
        _ = turn.prepared()
        #expect(turn.saved() == [.callModel])
    }

    @Test(arguments: [
        (FinishReason.stop, FinishReason.stop, nil), (.length, .length, "length"),
        (.contentFilter, .contentFilter, "content_filter"), (.toolCalls, .stop, nil),
    ])
    func `an answer without calls ends for the model's reason`(
        said: FinishReason, shown: FinishReason, detail: String?
    ) {
        var turn = asking()
        _ = turn.modelSaid(.finished(said))
        let outcome = TurnOutcome.finished(
            TurnFinish(reason: shown, detail: detail, usage: nil, total: .zero, iterations: 1))
        #expect(turn.saved() == end(outcome))
    }

    @Test func `an answer without end is broken off`() {
        var turn = machine()
        var rules = TurnMachine.Rules(maxIterations: 1)
        rules.maxAnswer = 4
        _ = turn.begin(rules)
        _ = turn.prepared()
        _ = turn.saved()
        _ = turn.modelSaid(.delta("1234"))
        let actions = turn.modelSaid(.delta("5"))
        #expect(actions.first == .stopModel)
        let partial = ChatMessage(role: .assistant, content: "1234", isPartial: true)
        #expect(actions.last == .save([partial], outcome: failed(TurnError(.internalError, "the answer is too long"))))
    }

    // MARK: - Tools

    @Test func `tools run one after another, each is shown when it has, and the iteration is saved whole`() {
        var turn = asking()
        _ = turn.modelSaid(.delta("look"))
        #expect(turn.modelSaid(.toolCalls([ls, pwd])) == [])
        _ = turn.modelSaid(.usage(usage))
        #expect(turn.modelSaid(.finished(.toolCalls)) == [.runTool(ls)])
        #expect(
            turn.toolFinished(ToolOutcome(output: "a"))
                == [.emit(.toolCall(ls, ToolOutcome(output: "a"))), .runTool(pwd)])
        let messages = [
            ChatMessage(role: .assistant, content: "look", toolCalls: [ls, pwd]),
            ChatMessage(role: .tool, content: "a", name: "ls", toolCallID: "1"),
            ChatMessage(role: .tool, content: "tool error: b", name: "pwd", toolCallID: "2", isError: true),
        ]
        #expect(
            turn.toolFinished(.failure("b"))
                == [.emit(.toolCall(pwd, .failure("b"))), .save(messages, outcome: nil)])
        #expect(turn.saved() == [.callModel])
        _ = turn.modelSaid(.delta("done"))
        _ = turn.modelSaid(.finished(.stop))
        let finish = TurnFinish(reason: .stop, usage: nil, total: usage, iterations: 2)
        #expect(turn.saved() == end(.finished(finish)))
    }

    @Test func `calls count whatever reason the model gives`() {
        var turn = asking()
        _ = turn.modelSaid(.toolCalls([ls]))
        #expect(turn.modelSaid(.finished(.stop)) == [.runTool(ls)])
    }

    @Test func `when the iterations run out, the last words are told and saved with the last tools`() {
        var turn = asking(2)
        for _ in 1...2 {
            _ = turn.modelSaid(.toolCalls([ls]))
            _ = turn.modelSaid(.usage(usage))
            _ = turn.modelSaid(.finished(.toolCalls))
            let actions = turn.toolFinished(ToolOutcome(output: "a"))
            guard actions.count > 2 else {
                #expect(turn.saved() == [.callModel])
                continue
            }
            guard case .emit(.delta(let text)) = actions[1], case .save(let messages, let outcome) = actions[2] else {
                Issue.record("\(actions)")
                return
            }
            #expect(text.contains("max iterations"))
            #expect(messages.map(\.role) == [.assistant, .tool, .assistant])
            #expect(messages.last?.content == text)
            let finish = TurnFinish(
                reason: .toolCalls, detail: "max_iterations", usage: usage, total: usage + usage, iterations: 2)
            #expect(outcome == .finished(finish))
            #expect(turn.saved() == end(.finished(finish)))
        }
        #expect(turn.isEnded)
    }

    // MARK: - Failures

    @Test func `nothing is saved of a turn whose prompt cannot be read, but that it failed`() {
        var turn = machine()
        let error = TurnError(.internalError, "SOUL.md cannot be read")
        _ = turn.begin(.init(maxIterations: 6))
        #expect(turn.couldNotPrepare(error) == [.save([], outcome: failed(error))])
        #expect(turn.saved() == [session] + end(failed(error)))
    }

    @Test func `a turn that nobody can answer fails without beginning`() {
        var turn = machine()
        let error = TurnError(.internalError, "no key")
        #expect(turn.couldNotPrepare(error) == [.save([], outcome: failed(error))])
        #expect(turn.saved() == [session] + end(failed(error)))
    }

    @Test func `a message that cannot be saved is an error, told after the session`() {
        var turn = machine()
        let error = TurnError(.internalError, "full")
        _ = turn.begin(.init(maxIterations: 6))
        _ = turn.prepared()
        #expect(turn.couldNotSave(error) == [session] + end(failed(error)))
        #expect(turn.saved() == [])
    }

    @Test func `what was shown of an answer that broke off is kept, and says so`() {
        var turn = asking()
        _ = turn.modelSaid(.delta("half"))
        let error = TurnError(.internalError, "gone")
        let partial = ChatMessage(role: .assistant, content: "half", isPartial: true)
        #expect(
            turn.modelFailed(.init("gone", isTransient: true)) == [.save([partial], outcome: failed(error))])
        #expect(turn.saved() == end(failed(error)))
    }

    @Test func `a call that fails for a moment is made once more`() {
        var turn = asking()
        #expect(turn.modelFailed(.init("503", isTransient: true)) == [.wait(milliseconds: 500)])
        #expect(turn.modelSaid(.delta("late")) == [])
        #expect(turn.waited() == [.callModel])
        #expect(
            turn.modelFailed(.init("503 again", isTransient: true))
                == [.save([], outcome: failed(TurnError(.internalError, "503 again")))])
    }

    @Test(arguments: [
        (Int64(0), true), (2_000, true), (10_000, true), (10_001, false),
    ])
    func `a provider that asks for patience gets it, up to a limit`(asked: Int64, waits: Bool) {
        var turn = asking()
        let actions = turn.modelFailed(.init("429", isTransient: true, retryAfter: asked))
        if waits {
            #expect(actions == [.wait(milliseconds: asked)])
        } else {
            #expect(actions == [.save([], outcome: failed(TurnError(.internalError, "429")))])
        }
    }

    @Test func `a failure that will not pass is not tried again`() {
        var turn = asking()
        #expect(turn.modelFailed(.init("401")) == [.save([], outcome: failed(TurnError(.internalError, "401")))])
    }

    @Test func `each iteration has a second attempt of its own`() {
        var turn = asking()
        _ = turn.modelFailed(.init("503", isTransient: true))
        _ = turn.waited()
        _ = turn.modelSaid(.toolCalls([ls]))
        _ = turn.modelSaid(.finished(.toolCalls))
        _ = turn.toolFinished(ToolOutcome(output: "a"))
        #expect(turn.saved() == [.callModel])
        #expect(turn.modelFailed(.init("503", isTransient: true)) == [.wait(milliseconds: 500)])
    }

    // MARK: - Ending from outside

    @Test(arguments: [TurnMachine.Stop.cancelled, .shuttingDown, .deleted])
    func `a turn that waits is ended at once, and nothing is saved`(stop: TurnMachine.Stop) {
        var turn = machine()
        _ = turn.sessionExists()
        #expect(turn.stop(stop) == end(failed(stop.error)))
        #expect(turn.begin(.init(maxIterations: 1)) == [])
    }

    @Test func `a cancelled answer is kept as far as it came`() {
        var turn = asking()
        _ = turn.modelSaid(.delta("half"))
        let partial = ChatMessage(role: .assistant, content: "half", isPartial: true)
        #expect(turn.stop(.cancelled) == [.stopModel, .save([partial], outcome: failed(.cancelled))])
        #expect(turn.modelSaid(.delta("more")) == [])
        #expect(turn.stop(.shuttingDown) == [])
        #expect(turn.saved() == end(failed(.cancelled)))
    }

    @Test func `a turn that is cancelled among its tools has an answer to every call`() {
        var turn = asking()
        _ = turn.modelSaid(.toolCalls([ls, pwd]))
        _ = turn.modelSaid(.finished(.toolCalls))
        _ = turn.toolFinished(ToolOutcome(output: "a"))
        let actions = turn.stop(.cancelled)
        #expect(actions.first == .stopTool)
        guard case .save(let messages, let outcome)? = actions.last else {
            Issue.record("\(actions)")
            return
        }
        #expect(messages.map(\.role) == [.assistant, .tool, .tool])
        #expect(messages[0].isPartial)
        #expect(messages[1].content == "a")
        #expect(messages[2].isError)
        #expect(outcome == failed(.cancelled, iterations: 1))
        #expect(turn.toolFinished(ToolOutcome(output: "late")) == [])
        #expect(turn.saved() == end(failed(.cancelled, iterations: 1)))
    }

    @Test func `a turn that is cancelled while it saves ends before it asks`() {
        var turn = machine()
        _ = turn.begin(.init(maxIterations: 6))
        _ = turn.prepared()
        #expect(turn.stop(.cancelled) == [])
        #expect(turn.saved() == [session, .save([], outcome: failed(.cancelled))])
        #expect(turn.saved() == end(failed(.cancelled)))
    }

    @Test func `a turn that is over is not cancelled any more`() {
        var turn = asking()
        _ = turn.modelSaid(.finished(.stop))
        #expect(turn.stop(.cancelled) == [])
        let finish = TurnFinish(reason: .stop, usage: nil, total: .zero, iterations: 1)
        #expect(turn.saved() == end(.finished(finish)))
        #expect(turn.stop(.cancelled) == [])
    }

    @Test func `nothing is saved any more of a session that is deleted`() {
        var turn = asking()
        _ = turn.modelSaid(.delta("half"))
        #expect(turn.stop(.deleted) == [.stopModel] + end(failed(.deleted)))
        #expect(turn.stop(.deleted) == [])

        var saving = asking()
        _ = saving.modelSaid(.finished(.stop))
        #expect(saving.stop(.deleted) == end(failed(.deleted, iterations: 1)))
        #expect(saving.saved() == [])
    }

    // MARK: - Whatever happens

    @Test(arguments: 0..<200)
    func `the session comes first, one terminal event last, and nothing after it`(seed: UInt64) {
        var random = Seeded(seed)
        var turn = machine()
        var events: [TurnEvent] = []
        var ends = 0
        func take(_ actions: [TurnMachine.Action]) {
            for action in actions {
                #expect(ends == 0)
                if case .emit(let event) = action { events.append(event) }
                if case .end = action { ends += 1 }
            }
        }
        for _ in 0..<400 {
            switch random.next() % 16 {
            case 0: take(turn.sessionExists())
            case 1: take(turn.begin(.init(maxIterations: Int(random.next() % 3))))
            case 2, 3: take(turn.prepared())
            case 4: if random.next() % 8 == 0 { take(turn.couldNotPrepare(TurnError(.internalError, "p"))) }
            case 5, 6, 7: take(turn.saved())
            case 8: if random.next() % 16 == 0 { take(turn.couldNotSave(TurnError(.internalError, "s"))) }
            case 9: take(turn.modelSaid(.delta("x")))
            case 10: take(turn.modelSaid(.toolCalls([ls, pwd])))
            case 11: take(turn.modelSaid(.usage(usage)))
            case 12: take(turn.modelSaid(.finished(.toolCalls)))
            case 13: take(turn.toolFinished(ToolOutcome(output: "o")))
            case 14:
                take(turn.modelFailed(.init("m", isTransient: random.next() % 2 == 0)))
                take(turn.waited())
            default:
                guard random.next() % 16 == 0 else { break }
                take(turn.stop([.cancelled, .deleted, .shuttingDown][Int(random.next() % 3)]))
            }
        }
        take(turn.stop(.shuttingDown))
        take(turn.saved())
        take(turn.saved())
        #expect(turn.isEnded)
        #expect(ends == 1)
        #expect(events.first == .session(id: "s"))
        #expect(events.count { $0.isTerminal } == 1)
        #expect(events.last?.isTerminal == true)
        #expect(events.count { if case .session = $0 { true } else { false } } == 1)
    }
}

/// The same numbers for the same seed.
private struct Seeded {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state >> 3
    }
}
