import Fleet
import Reactor
import Wire

// `events` (runtime-rpc §8): what happened after a cursor, waited for when nothing has.
extension RuntimeService {
    /// The longest wait; more is cut down to it.
    private static let longestWait: UInt32 = 60_000

    func events(since: UInt64?, wait: UInt32, _ call: LineCall) {
        switch log.answer(since: since) {
        case .events(let records, let cursor) where records.isEmpty && wait > 0:
            self.wait(since: cursor, milliseconds: min(wait, Self.longestWait), call)
        case let answer: reply(answer, call)
        }
    }

    private func wait(since cursor: UInt64, milliseconds: UInt32, _ call: LineCall) {
        var timer: LoopTimer?
        let waiter = waiters.add { [self] in
            timer?.cancel()
            reply(log.answer(since: cursor), call)
        }
        timer = LoopTimer(after: Int64(milliseconds)) { [self] in
            if waiters.remove(waiter) { reply(log.answer(since: cursor), call) }
        }
        // Whoever hangs up, wholly or half, waits no more and gets no answer (§1.2).
        call.onHangUp = { [self] in
            timer?.cancel()
            waiters.remove(waiter)
        }
    }

    private func reply(_ answer: RuntimeEventLog.Answer, _ call: LineCall) {
        switch answer {
        case .events(let records, let cursor):
            call.answer(RPCResponse.events(records.map(\.event), cursor: cursor).encoded())
        case .expired(let oldest): call.answer(RPCResponse.cursorExpired(oldest: oldest).encoded())
        case .older(let from, let cursor):
            records.events(since: from, through: cursor) { result in
                switch result {
                case .success(let events): call.answer(RPCResponse.events(events, cursor: cursor).encoded())
                case .failure(let error):
                    call.answer(
                        RPCResponse.error(RPCError(.runtimeUnavailable, "the events could not be read: \(error)"))
                            .encoded())
                }
            }
        }
    }
}
