import Testing

@testable import RuntimeClient

/// When a stream over a bridge is over (§6.5).
@Suite struct StreamSettlementTests {
    private let start = ContinuousClock.now
    private let delta = ChatEvent.delta("x")
    private let done = ChatEvent.done(.init(sessionID: "s", json: ["session_id": "s"]))
    private let refusal = RuntimeClientError(.serverError, "no")

    @Test func `a terminal event is the end, and the return after it says nothing more`() {
        var settlement = StreamSettlement()
        #expect(settlement.received(delta) == .wait)
        #expect(settlement.received(done) == .settle(nil))
        #expect(settlement.returned(at: start) == .wait)
        #expect(settlement.rejected(refusal) == .wait)
        #expect(settlement.wake(at: start + .seconds(1)) == .wait)
    }

    @Test func `a rejection is the end at once`() {
        var settlement = StreamSettlement()
        #expect(settlement.received(delta) == .wait)
        #expect(settlement.rejected(refusal) == .settle(refusal))
        #expect(settlement.received(done) == .wait)
    }

    @Test func `after the return events have a quarter of a second to come`() {
        var settlement = StreamSettlement()
        let deadline = start + .milliseconds(250)
        #expect(settlement.returned(at: start) == .waitUntil(deadline))
        #expect(settlement.received(delta) == .waitUntil(deadline))
        #expect(settlement.wake(at: start + .milliseconds(249)) == .waitUntil(deadline))
        #expect(settlement.received(done) == .settle(nil))
        #expect(settlement.wake(at: deadline) == .wait)
    }

    @Test func `a return without a terminal event is a violation in the end`() {
        var settlement = StreamSettlement()
        _ = settlement.returned(at: start)
        #expect(
            settlement.wake(at: start + .milliseconds(250))
                == .settle(RuntimeClientError(.streamViolated, "the stream ended before done or error")))
        #expect(settlement.wake(at: start + .seconds(1)) == .wait)
    }

    @Test func `a second return does not begin the time anew`() {
        var settlement = StreamSettlement()
        _ = settlement.returned(at: start)
        #expect(settlement.returned(at: start + .milliseconds(200)) == .waitUntil(start + .milliseconds(250)))
    }
}
