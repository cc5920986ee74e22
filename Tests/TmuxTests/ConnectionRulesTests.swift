import Testing

@testable import Tmux

private typealias Message = ControlModeParser.Message
private typealias Reply = ControlModeParser.Reply

@Suite struct ControlDialogueTests {
    private static let start = Reply(number: 1, isOurs: false, isError: false, body: [])
    private static func answer(_ number: UInt64) -> Reply {
        Reply(number: number, isOurs: true, isError: false, body: [])
    }
    private static let attached = Message.notification(name: "session-changed", rest: "$4 a b")

    private func attachedDialogue() -> ControlDialogue {
        var dialogue = ControlDialogue(attachedBy: 100)
        #expect(dialogue.received(.reply(Self.start)) == .nothing)
        #expect(!dialogue.isReady)
        #expect(dialogue.received(Self.attached) == .ready)
        return dialogue
    }

    @Test func `commands are taken once it is attached, and its session is known`() {
        var dialogue = attachedDialogue()
        #expect(dialogue.isReady)
        #expect(dialogue.sessionID == "$4")
        #expect(dialogue.received(.notification(name: "session-changed", rest: "$9 z")) == .nothing)
        #expect(dialogue.sessionID == "$9")
    }

    @Test func `a session that is not there refuses`() {
        var dialogue = ControlDialogue(attachedBy: 100)
        let refusal = Reply(number: 1, isOurs: false, isError: true, body: Array("can't find session: $7\n".utf8))
        #expect(dialogue.received(.reply(refusal)) == .end(.refused("can't find session: $7")))
    }

    @Test func `answers come in order, and those of hooks are nobody's`() {
        var dialogue = attachedDialogue()
        dialogue.asked(until: 200)
        dialogue.asked(until: 300)
        #expect(dialogue.received(.reply(Self.answer(5))) == .answer(Self.answer(5)))
        #expect(dialogue.received(.reply(Reply(number: 6, isOurs: false, isError: true, body: []))) == .nothing)
        #expect(dialogue.received(.reply(Self.answer(7))) == .answer(Self.answer(7)))
        #expect(dialogue.isIdle)
        #expect(dialogue.received(.reply(Self.answer(8))) == .end(.garbled))
    }

    @Test func `no answer in time is the end`() {
        var dialogue = attachedDialogue()
        #expect(dialogue.wake(at: 1_000) == .nothing)
        dialogue.asked(until: 300)
        dialogue.asked(until: 200)
        #expect(dialogue.wake(at: 199) == .sleep(until: 200))
        #expect(dialogue.wake(at: 200) == .end(.timedOut))
        dialogue.ended()
        #expect(dialogue.wake(at: 900) == .nothing)
        #expect(dialogue.received(.reply(Self.answer(5))) == .nothing)
    }

    @Test func `attaching has its time`() {
        let dialogue = ControlDialogue(attachedBy: 100)
        #expect(dialogue.wake(at: 99) == .sleep(until: 100))
        #expect(dialogue.wake(at: 100) == .end(.timedOut))
    }

    @Test func `a farewell is told with its reason`() {
        var dialogue = attachedDialogue()
        #expect(dialogue.received(.exit(reason: "server exited")) == .end(.left("server exited")))
        var early = ControlDialogue(attachedBy: 100)
        #expect(early.received(.exit(reason: "")) == .end(.refused("")))
    }

    @Test func `no more may wait than the bound`() {
        var dialogue = attachedDialogue()
        for _ in 0..<ControlDialogue.limit {
            #expect(!dialogue.isFull)
            dialogue.asked(until: 300)
        }
        #expect(dialogue.isFull)
    }
}

@Suite struct ConnectionPolicyTests {
    private let times = ConnectionPolicy.Times(together: 100, idle: 1_000, firstPause: 10, longestPause: 35)

    @Test func `the second question soon after the first opens a connection, later ones do not open another`() {
        var policy = ConnectionPolicy(times: times)
        #expect(policy.answered(at: 0) == .nothing)
        #expect(policy.answered(at: 101) == .nothing)
        #expect(policy.answered(at: 201) == .connect)
        #expect(policy.answered(at: 202) == .nothing)
        policy.connected(at: 205)
        #expect(policy.answered(at: 206) == .nothing)
    }

    @Test func `it is given up when no question came for a while`() {
        var policy = ConnectionPolicy(times: times)
        _ = (policy.answered(at: 0), policy.answered(at: 1))
        #expect(policy.wake(at: 5_000) == .nothing)
        policy.connected(at: 10)
        #expect(policy.wake(at: 10) == .sleep(until: 1_010))
        policy.asked(at: 500)
        #expect(policy.wake(at: 1_010) == .sleep(until: 1_500))
        #expect(policy.wake(at: 1_500) == .giveUp)
        #expect(policy.wake(at: 1_500) == .nothing)
        #expect(policy.answered(at: 1_520) == .nothing)
        #expect(policy.answered(at: 1_530) == .connect)
    }

    @Test func `it does not get older than it may, however busy it is`() {
        var policy = ConnectionPolicy(times: .init(together: 100, idle: 1_000, age: 2_500))
        _ = (policy.answered(at: 0), policy.answered(at: 1))
        policy.connected(at: 10)
        policy.asked(at: 2_000)
        #expect(policy.wake(at: 2_001) == .sleep(until: 2_510))
        policy.asked(at: 2_509)
        #expect(policy.wake(at: 2_510) == .giveUp)
        #expect(policy.answered(at: 2_520) == .connect)
    }

    @Test func `failures are followed by ever longer pauses, up to the longest`() {
        var policy = ConnectionPolicy(times: times)
        _ = policy.answered(at: 0)
        var now: Int64 = 1
        for pause: Int64 in [10, 20, 35, 35] {
            #expect(policy.answered(at: now) == .connect)
            policy.failed(at: now)
            #expect(policy.answered(at: now + pause - 1) == .nothing)
            now += pause
        }
    }

    @Test func `a connection that held for a while starts over`() {
        var policy = ConnectionPolicy(times: times)
        _ = policy.answered(at: 0)
        #expect(policy.answered(at: 1) == .connect)
        policy.failed(at: 1)
        #expect(policy.answered(at: 11) == .connect)
        policy.connected(at: 11)
        policy.failed(at: 60)
        #expect(policy.answered(at: 69) == .nothing)
        #expect(policy.answered(at: 70) == .connect)
    }

    @Test func `an unfit server is looked at again later`() {
        var policy = ConnectionPolicy(times: times)
        _ = policy.answered(at: 0)
        #expect(policy.answered(at: 1) == .connect)
        policy.unfit(at: 1)
        #expect(policy.answered(at: 35) == .nothing)
        #expect(policy.answered(at: 36) == .connect)
    }
}

@Suite struct ConnectionSessionTests {
    private func chosen(_ rows: String...) -> String? {
        ConnectionSession(listed: Array(rows.map { $0 + "\n" }.joined().utf8))?.id
    }

    @Test func `the session used last is chosen, and of those one that somebody is attached to`() {
        #expect(chosen("10 0 0 0 0 000 $1", "30 0 0 0 0 000 $2", "20 0 0 0 0 000 $3") == "$2")
        #expect(chosen("10 0 0 0 0 000 $1", "10 1 0 0 0 000 $2", "10 0 0 0 0 000 $3") == "$2")
        #expect(chosen() == nil)
    }

    @Test func `nothing that ends when we leave, and no program that would believe to be looked at`() {
        #expect(chosen("10 0 1 0 0 000 $1", "9 0 0 0 0 000 $2") == nil)
        #expect(chosen("10 0 0 0 0 000 $1", "9 0 1 0 0 000 $2") == "$1")
        #expect(chosen("10 0 off 0 0 000 $1") == "$1")
        #expect(chosen("10 0 keep-last 0 0 000 $1") == nil)
        #expect(chosen("10 0 0 1 0 000 $1") == nil)
        #expect(chosen("10 0 0 0 1 000 $1") == nil)
        #expect(chosen("what is this") == nil)
    }

    @Test func `nothing where an alert would be missed`() {
        #expect(chosen("10 0 0 0 0 100 $1") == nil)
        #expect(chosen("10 1 0 0 0 010 $1") == "$1")
        #expect(chosen("30 0 0 0 0 000 $1", "20 1 0 0 0 000 $2") == nil)
        #expect(chosen("30 1 0 0 0 000 $1", "20 0 0 0 0 001 $2") == "$1")
    }

    @Test func `hooks of clients are seen`() {
        #expect(
            !ConnectionSession.hasClientHooks(Array("after-list-panes[0] x\nclient-attached\nclient-detached\n".utf8)))
        #expect(ConnectionSession.hasClientHooks(Array("client-active\nclient-detached[0] run-shell \"x y\"\n".utf8)))
    }
}
