import Bytes
import Testing

@testable import SocketIO

@Suite struct HeartbeatTests {
    @Test func `pings, and waits for the pong`() {
        let (host, echo) = makeEcho()
        let client = ScriptedClient(host)
        _ = client.taken()
        host.pass(.milliseconds(24_999))
        #expect(client.taken() == [])
        host.pass(.milliseconds(1))
        #expect(client.taken() == ["2"])
        host.pass(.seconds(5))
        client.send("3")
        host.pass(.milliseconds(24_999))
        #expect(client.taken() == [])
        host.pass(.milliseconds(1))
        #expect(client.taken() == ["2"])
        host.pass(.milliseconds(19_999))
        #expect(!client.isClosed)
        host.pass(.milliseconds(1))
        #expect(client.isClosed)
        #expect(echo.log == ["opened", "ping timeout"])
        #expect(host.engine.nextDeadline == nil)
    }

    @Test func `pings over polling`() {
        let (host, echo) = makeEcho()
        let client = PollingClient(host)
        let poll = client.get()
        host.pass(.seconds(25))
        #expect(poll.body == "2")
        #expect(client.post("3").body == "ok")
        host.pass(.seconds(25))
        #expect(client.get().body == "2")
        host.pass(.seconds(20))
        #expect(echo.log == ["opened", "ping timeout"])
    }

    @Test func `takes a ping from the client for an error`() {
        let (host, echo) = makeEcho()
        let client = ScriptedClient(host)
        client.send("2")
        #expect(client.isClosed)
        #expect(echo.log == ["opened", "transport error"])
    }

    @Test func `asks to be woken for the earliest of all deadlines only`() {
        let (host, _) = makeEcho()
        #expect(host.engine.nextDeadline == nil)
        let start = host.now
        let first = ScriptedClient(host)
        host.pass(.seconds(10))
        let second = ScriptedClient(host)
        #expect(host.engine.nextDeadline == start + .seconds(25))
        first.send("3")
        #expect(host.engine.nextDeadline == start + .seconds(35))
        first.hangUp()
        second.hangUp()
        #expect(host.engine.nextDeadline == nil)
    }

    @Test func `keeps many deadlines in order`() {
        let heap = DeadlineHeap()
        var random = SplitMix(seed: 7)
        final class Entry: HeapedDeadline {
            var hasExpired = false
            override func expire(at now: Instant) { hasExpired = true }
        }
        var entries: [Entry] = []
        for _ in 0..<500 {
            let entry = Entry()
            heap.add(entry, deadline: Instant(milliseconds: Int64(random.next() % 1_000)))
            entries.append(entry)
        }
        for index in stride(from: 0, to: 500, by: 3) { heap.remove(entries[index]) }
        for index in stride(from: 0, to: 500, by: 7) {
            heap.add(entries[index], deadline: Instant(milliseconds: Int64(random.next() % 1_000)))
        }
        var last = Instant(milliseconds: -1)
        while let next = heap.nextDeadline {
            #expect(next >= last)
            last = next
            heap.expire(at: next)
        }
        for (index, entry) in entries.enumerated() {
            #expect(entry.hasExpired == (index % 3 != 0 || index % 7 == 0))
            #expect(!entry.isWaiting)
        }
    }
}
