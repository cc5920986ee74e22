import Bytes
import Fleet
import Testing
import Wire

private let noon = Timestamp(milliseconds: 1_767_607_391_402)
private let start = MonotonicTime(milliseconds: 0)

private func fleet(_ count: Int) -> FleetState {
    var state = FleetState()
    for index in 1...count {
        let config = SessionConfig(
            sessionID: SessionID("session-\(index)"), orgID: "o", providerID: .mock,
            repoRef: .local(path: "/p", name: nil, defaultBranch: nil))
        _ = state.apply(
            JournalEvent(
                rowid: Int64(index), id: EventID("\(index)"), at: noon, sessionID: config.sessionID,
                body: .sessionCreated(SessionCreated(config))))
    }
    return state
}

@Suite struct FleetWireTests {
    @Test func `a list of the fleet says how many there are and where to go on`() throws {
        let daemon = DaemonInfo(pid: 7, version: "1.0", startedAt: noon)
        let json = FleetResponses.fleet(fleet(5), try FleetQuery([("limit", "2")]), daemon: daemon)
        #expect(json["items"]?.array?.map { $0["id"] } == ["session-5", "session-4"])
        #expect(json["total"] == 5)
        #expect(json["cursor"] == 5)
        #expect(json["daemon"] == ["pid": 7, "version": "1.0", "startedAt": .integer(noon.milliseconds)])
    }

    @Test func `sessions come in pages, newest first`() throws {
        let state = fleet(5)
        let first = FleetResponses.sessions(state, try SessionsQuery([("pageSize", "2")])) { _ in true }
        #expect(first["items"]?.array?.map { $0["sessionId"] } == ["session-5", "session-4"])
        #expect(first["hasMore"] == true)
        let last = FleetResponses.sessions(state, try SessionsQuery([("pageSize", "2"), ("page", "3")])) { _ in true }
        #expect(last["items"]?.array?.count == 1)
        #expect(last["hasMore"] == false)
        let none = FleetResponses.sessions(state, try SessionsQuery([("page", "1000000")])) { _ in true }
        #expect(none["items"] == [])
        #expect(none["total"] == 5)
    }

    @Test func `a page of the journal says where to go on`() {
        #expect(FleetResponses.journal([], cursor: 4, more: false) == ["items": [], "cursor": 4, "more": false])
    }

    @Test func `a session's events come from its ring as they were encoded`() throws {
        var ring = EventRing()
        #expect(
            String(decoding: FleetResponses.events(ring.after(0, limit: 5)), as: UTF8.self)
                == #"{"items":[],"lastSeq":0,"truncated":false}"#)
        ring.append(Array(#"{"seq":1}"#.utf8), sequence: 1)
        ring.append(Array(#"{"seq":2}"#.utf8), sequence: 2)
        #expect(
            String(decoding: FleetResponses.events(ring.after(0, limit: 5)), as: UTF8.self)
                == #"{"items":[{"seq":1},{"seq":2}],"lastSeq":2,"truncated":false}"#)
    }

    @Test func `changes of one session are announced ten times a second at most`() {
        var announcer = FleetAnnouncer()
        #expect(announcer.changed("s", at: start) == true)
        #expect(announcer.changed("s", at: start + .milliseconds(1)) == false)
        #expect(announcer.changed("s", at: start + .milliseconds(50)) == false)
        #expect(announcer.changed("t", at: start + .milliseconds(50)) == true)
        #expect(announcer.nextDue == start + .milliseconds(100))
        #expect(announcer.due(at: start + .milliseconds(99)) == [])
        #expect(announcer.due(at: start + .milliseconds(100)) == ["s"])
        #expect(announcer.nextDue == nil)
        #expect(announcer.changed("s", at: start + .milliseconds(150)) == false)
        #expect(announcer.due(at: start + .milliseconds(200)) == ["s"])
        #expect(announcer.changed("s", at: start + .milliseconds(400)) == true)
    }

    @Test func `a session that is gone is not announced`() {
        var announcer = FleetAnnouncer()
        _ = announcer.changed("s", at: start)
        _ = announcer.changed("s", at: start)
        announcer.removed("s")
        #expect(announcer.nextDue == nil)
        #expect(FleetAnnouncer.removed("s").payload == Array(#"{"id":"s"}"#.utf8))
    }
}
