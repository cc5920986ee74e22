import Bytes
import Fleet
import Testing
import Wire

@Suite struct ExtraEventTests {
    private let whole: JSON = [
        "event_id": "e1", "recorded_at": "2026-01-05T10:03:11.402Z", "event_type": "stop_failure", "session_id": "s",
        "pid": 7, "cwd": "/src", "metadata": ["error": "rate_limit"], "tool": "passed over",
    ]

    @Test func `a request is read, and written so that it reads the same`() throws {
        let event = try ExtraEvent(json: whole)
        #expect(event.type == "stop_failure")
        #expect(event.recordedAt.milliseconds % 1000 == 402)
        let request = IPCRequest(id: "r", method: .extraEvent(event))
        #expect(try IPCRequest(line: request.encoded()) == request)
    }

    @Test(arguments: [
        ("event_type", JSON.string("Stop")), ("event_type", "stop failure"), ("event_type", ""), ("event_type", nil),
        ("event_type", .string(String(repeating: "a", count: 65))), ("recorded_at", "yesterday"), ("event_id", " "),
        ("event_id", .string(String(repeating: "e", count: 129))), ("session_id", ""), ("session_id", 1), ("pid", "7"),
        ("pid", 1.0),
    ])
    func `what makes no sense is refused`(key: String, value: JSON) throws {
        var object = try #require(whole.object)
        object[key] = value
        let error = #expect(throws: IPCError.self) { try ExtraEvent(json: .object(object)) }
        #expect(error?.code == .invalidParams)
    }
}
