import Bytes
import Fleet
import Testing

@testable import Store

@Suite struct HookEventRowTests {
    private typealias Bench = SensingBench

    private let full = HookEvent(
        eventID: "evt-1", recordedAt: Timestamp(milliseconds: 1_772_020_800_987), type: .notification,
        sessionID: "s1", pid: 4711, cwd: " /home/ada ", tool: "Edit", filePath: "a\n\"b\"", parentApp: "kitty",
        tty: "/dev/pts/1", tmuxSession: "dev", tmuxClientTTY: "/dev/pts/0", notificationType: "idle_prompt",
        stopHookActive: true, metadata: ["agent_id": "a", "n": 1, "list": [1.5, nil, "ä"]])

    @Test func `the row has the words of the contract`() {
        let record = JournalRecord(full)
        #expect(record.id == "evt-1")
        #expect(record.recordedAt == Bench.noonText)
        #expect(record.atMs == 1_772_020_800_987)
        #expect(record.type == "notification")
        #expect(record.sessionId == "s1")
        #expect(record.pid == 4711)
        #expect(record.source == "hook")
        #expect(record.sessionSeq == nil)
        #expect(record.payload == full.json.encoded())
    }

    @Test func `an event is read back as it was`() throws {
        var bench = try Bench()
        var before = full
        before.eventID = "evt-2"
        before.recordedAt = Timestamp(milliseconds: -1)
        var huge = full
        huge.eventID = "evt-3"
        huge.pid = .max
        let bare = HookEvent(eventID: "evt-4", recordedAt: Bench.noon, type: .configChange)
        let events = [full, before, huge, bare]
        try bench.append(events)
        let entries = try withExtendedLifetime(bench) { try bench.bench.reader().events(since: 0, limit: 9).entries }
        #expect(try entries.map { try HookEvent($0) } == events)
    }

    private static func entry(
        payload: String, type: String = "stop", at: String = "2026-02-25T13:00:00.5+01:00", atMs: Int64 = 0,
        session: String? = "s1", pid: Int32? = 5
    ) -> JournalEntry {
        JournalEntry(
            rowid: 3, id: "e", recordedAt: at, atMs: atMs, type: type, sessionId: session, pid: pid,
            payload: Array(payload.utf8))
    }

    @Test func `what the payload lacks the columns have`() throws {
        let event = try HookEvent(Self.entry(payload: #"{"cwd":"/x"}"#))
        #expect(
            event
                == HookEvent(
                    eventID: "e", recordedAt: Bench.at(0.5), type: .stop, sessionID: "s1", pid: 5, cwd: "/x"))
    }

    @Test func `what the payload has counts, but for the id`() throws {
        let payload = #"""
            {"event_id":"other","recorded_at":"2026-02-25T12:00:01Z","event_type":"pre_tool_use","session_id":"s2","pid":6}
            """#
        let event = try HookEvent(Self.entry(payload: payload))
        #expect(
            event == HookEvent(eventID: "e", recordedAt: Bench.at(1), type: .preToolUse, sessionID: "s2", pid: 6))
    }

    @Test func `milliseconds count while they belong to the time`() throws {
        let payload = #"{"recorded_at":"2026-02-25T12:00:00Z"}"#
        let noon = Bench.noon.milliseconds
        #expect(try HookEvent(Self.entry(payload: payload, atMs: noon + 999)).recordedAt == Bench.at(0.999))
        #expect(try HookEvent(Self.entry(payload: payload, atMs: noon + 1000)).recordedAt == Bench.noon)
        #expect(try HookEvent(Self.entry(payload: payload, atMs: .min)).recordedAt == Bench.noon)
    }

    @Test func `an optional field that makes no sense counts as absent`() throws {
        let event = try HookEvent(
            Self.entry(payload: #"{"cwd":1,"tool":{},"stop_hook_active":"no","pid":-1,"metadata":null}"#, pid: nil))
        #expect(event == HookEvent(eventID: "e", recordedAt: Bench.at(0.5), type: .stop, sessionID: "s1"))
    }

    @Test(arguments: [
        (entry(payload: ""), "payload"), (entry(payload: "[]"), "payload"), (entry(payload: "{"), "payload"),
        (entry(payload: "{}", type: "SESSION_CREATED"), "event_type"),
        (entry(payload: #"{"event_type":"nap"}"#), "event_type"),
        (entry(payload: "{}", at: "yesterday"), "recorded_at"),
        (entry(payload: #"{"recorded_at":"2026-02-25"}"#), "recorded_at"),
    ])
    func `a row that cannot be read says why`(entry: JournalEntry, column: String) {
        let error = #expect(throws: FieldError.self) { try HookEvent(entry) }
        #expect(error?.path == column)
    }
}
