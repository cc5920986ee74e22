import Testing

@testable import Chat

@Suite struct TurnQueueTests {
    @Test func `turns of one session follow one another in order`() {
        var queue = TurnQueue()
        #expect(queue.enter(1, session: "a") == .begins)
        #expect(queue.enter(2, session: "a") == .waits)
        #expect(queue.enter(3, session: "a") == .waits)
        #expect(queue.waitingCount(of: "a") == 2)
        #expect(queue.leave(1) == [2])
        #expect(queue.leave(2) == [3])
        #expect(queue.leave(3) == [])
        #expect(queue.runningCount == 0)
    }

    @Test func `turns of different sessions do not wait for each other`() {
        var queue = TurnQueue()
        #expect(queue.enter(1, session: "a") == .begins)
        #expect(queue.enter(2, session: "b") == .begins)
    }

    @Test func `eight may wait for one session`() {
        var queue = TurnQueue()
        #expect(queue.enter(0, session: "a") == .begins)
        for turn in 1...8 { #expect(queue.enter(UInt64(turn), session: "a") == .waits) }
        #expect(queue.enter(9, session: "a") == .full)
        #expect(queue.enter(10, session: "b") == .begins)
        #expect(queue.leave(0) == [1])
        #expect(queue.enter(11, session: "a") == .waits)
    }

    @Test func `sixty-four run at a time, and those that wait begin in order of arrival`() {
        var queue = TurnQueue()
        for turn in 0..<64 { #expect(queue.enter(UInt64(turn), session: "\(turn)") == .begins) }
        #expect(queue.enter(64, session: "x") == .waits)
        #expect(queue.enter(65, session: "5") == .waits)
        #expect(queue.enter(66, session: "y") == .waits)
        #expect(queue.leave(7) == [64])
        #expect(queue.leave(8) == [66])
        #expect(queue.leave(5) == [65])
        #expect(queue.runningCount == 64)
    }

    @Test func `a turn that waits may go, and nobody begins for it`() {
        var queue = TurnQueue()
        _ = queue.enter(1, session: "a")
        _ = queue.enter(2, session: "a")
        #expect(queue.leave(2) == [])
        #expect(queue.leave(1) == [])
    }

    @Test func `over all a bounded number waits`() {
        var queue = TurnQueue(runningLimit: 1, sessionLimit: 8, waitingLimit: 3)
        _ = queue.enter(0, session: "z")
        for turn in 1...3 { #expect(queue.enter(UInt64(turn), session: "\(turn)") == .waits) }
        #expect(queue.enter(4, session: "4") == .full)
    }
}
