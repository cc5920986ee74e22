import Bytes
import Fleet
import Testing
import Wire

private let complete: JSON = [
    "event_id": "evt-1", "recorded_at": "2026-01-30T12:00:00Z", "event_type": "stop", "session_id": "s", "pid": 7,
    "cwd": "/w", "tool": "Edit", "file_path": "a.swift", "parent_app": "kitty", "tty": "/dev/pts/1",
    "tmux_session": "dev", "tmux_client_tty": "/dev/pts/2", "notification_type": "idle_prompt",
    "stop_hook_active": false, "metadata": ["source": "startup"],
]

/// A complete envelope in which keys are changed, or left out where there is none.
private func envelope(_ changes: KeyValuePairs<String, JSON?>) -> JSON {
    guard case .object(var object) = complete else { preconditionFailure("it is an object") }
    for (key, value) in changes { object[key] = value }
    return .object(object)
}

private func refusal(_ envelope: JSON) -> IPCErrorCode? {
    do {
        _ = try HookEvent(json: envelope)
        return nil
    } catch {
        #expect(error.id == nil)
        #expect(!error.message.isEmpty)
        return error.code
    }
}

/// The envelope of daemon-ipc §3 and the order in which it is checked.
@Suite struct HookEventTests {
    // MARK: Shape (§3.1)

    @Test(arguments: [nil, .null, [], 7, "event", true, [:], [complete]] as [JSON?])
    func `an event is an object`(params: JSON?) throws {
        var request: JSON = ["protocol_version": 1, "method": "event", "id": "a"]
        if let params, case .object(var object) = request {
            object["params"] = params
            request = .object(object)
        }
        let error = #expect(throws: IPCError.self) { try IPCRequest(line: request.encoded()) }
        #expect(error?.code == .invalidParams)
        #expect(error?.id == "a")
    }

    @Test(arguments: ["event_id", "recorded_at", "event_type"])
    func `what every event has is text`(key: String) {
        for value in [nil, .null, 7, true, [], [:]] as [JSON?] {
            #expect(refusal(envelope([key: value])) == .invalidParams, "\(String(describing: value))")
        }
    }

    @Test(arguments: [
        "session_id", "cwd", "tool", "file_path", "parent_app", "tty", "tmux_session", "tmux_client_tty",
        "notification_type",
    ])
    func `what may be absent is text or null`(key: String) {
        for value in [7, true, [], [:], 1.5] as [JSON] {
            #expect(refusal(envelope([key: value])) == .invalidParams, "\(value)")
        }
        // A shell needs no session, and the end of a session nothing else.
        let type: JSON = key == "session_id" ? "shell_cwd" : "session_end"
        #expect(refusal(envelope(["event_type": type, key: .null])) == nil)
    }

    @Test(arguments: ["", "Stop", "stop ", "session_started", "pre-compact", "tool_use"])
    func `other types are refused`(type: String) {
        #expect(refusal(envelope(["event_type": .string(type)])) == .invalidParams)
    }

    @Test(arguments: ["", "Cwd", "event", "cwd ", "id", "recordedAt", "protocol_version"])
    func `other keys are refused`(key: String) {
        #expect(refusal(envelope([key: .null])) == .invalidParams)
    }

    @Test func `a refusal names the key`() throws {
        #expect(throws: IPCError(.invalidParams, "params.pid must be an integer")) {
            try HookEvent(json: envelope(["pid": "7"]))
        }
        #expect(throws: IPCError(.invalidParams, "params.colour is not known here")) {
            try HookEvent(json: envelope(["colour": "red"]))
        }
        #expect(throws: IPCError(.missingField, "stop needs cwd, which is absent or blank")) {
            try HookEvent(json: envelope(["cwd": " "]))
        }
    }

    @Test(arguments: ["7", true, 7.0, -1, 4_294_967_296, .unsigned(.max), [7]] as [JSON])
    func `a process has 32 bits`(pid: JSON) {
        #expect(refusal(envelope(["pid": pid])) == .invalidParams)
    }

    @Test(arguments: [(nil, nil), (.null, nil), (0, nil), (1, 1), (4_294_967_295, .max)] as [(JSON?, UInt32?)])
    func `process 0 is none`(pid: JSON?, expected: UInt32?) throws {
        #expect(try HookEvent(json: envelope(["pid": pid])).pid == expected)
    }

    @Test(arguments: ["true", 0, 1, [], [:]] as [JSON])
    func `a flag is true or false`(flag: JSON) {
        #expect(refusal(envelope(["stop_hook_active": flag])) == .invalidParams)
    }

    // MARK: Times and ids

    @Test(arguments: ["", " ", "now", "2026-01-30", "2026-01-30T12:00:00", "2026-01-30T12:00:00z ", "1769774400"])
    func `a time is RFC 3339`(time: String) {
        #expect(refusal(envelope(["recorded_at": .string(time)])) == .invalidTimestamp)
    }

    @Test(arguments: ["", " ", "\t\n", "\u{2003}", String(repeating: "x", count: 129)])
    func `an id is neither blank nor long`(id: String) {
        #expect(refusal(envelope(["event_id": .string(id)])) == .invalidEventID)
    }

    @Test(arguments: ["x", " x ", String(repeating: "x", count: 128), String(repeating: "\u{1F600}", count: 128)])
    func `an id has 128 scalars at most`(id: String) throws {
        #expect(try HookEvent(json: envelope(["event_id": .string(id)])).eventID == EventID(id))
        #expect(
            refusal(envelope(["event_id": .string(String(repeating: "e\u{301}", count: 65))])) == .invalidEventID)
    }

    // MARK: What types need (§3.2)

    @Test(arguments: HookEventType.allCases)
    func `every type is accepted when it is complete`(type: HookEventType) throws {
        #expect(try HookEvent(json: envelope(["event_type": .string(type.rawValue)])).type == type)
    }

    @Test(arguments: HookEventType.allCases)
    func `what a type needs is asked for from left to right`(type: HookEventType) {
        let needs: [(key: String, code: IPCErrorCode)]
        switch type {
        case .shellCwd: needs = [("pid", .invalidPID), ("cwd", .missingField), ("tty", .missingField)]
        case .notification:
            needs = [("session_id", .missingField), ("cwd", .missingField), ("notification_type", .missingField)]
        case .stop:
            needs = [("session_id", .missingField), ("cwd", .missingField), ("stop_hook_active", .missingField)]
        case .sessionEnd: needs = [("session_id", .missingField)]
        default: needs = [("session_id", .missingField), ("cwd", .missingField)]
        }
        var minimal: [String: JSON] = [
            "event_id": "e", "recorded_at": "2026-01-30T12:00:00Z", "event_type": .string(type.rawValue),
        ]
        for (key, code) in needs {
            let sentence = refusal(object(minimal))
            #expect(sentence == code)
            let blanks: [JSON]
            switch key {
            case "pid": blanks = [.null, 0]
            case "stop_hook_active": blanks = [.null]
            default: blanks = [.null, "", " \t", "\u{00A0}"]
            }
            for blank in blanks {
                minimal[key] = blank
                #expect(refusal(object(minimal)) == code, "\(key): \(blank)")
            }
            minimal[key] = key == "pid" ? 7 : key == "stop_hook_active" ? true : " x "
        }
        #expect(refusal(object(minimal)) == nil)
    }

    private func object(_ members: [String: JSON]) -> JSON {
        .object(JSONObject(members.map { .init(key: $0.key, value: $0.value) }))
    }

    @Test func `a shell without process, directory and device lacks the process first`() throws {
        let error = #expect(throws: IPCError.self) {
            try HookEvent(json: ["event_id": "e", "recorded_at": "2026-01-30T12:00:00Z", "event_type": "shell_cwd"])
        }
        #expect(error?.code == .invalidPID)
    }

    @Test func `shape comes before time, time before id, id before needs`() {
        let broken: KeyValuePairs<String, JSON?> = ["recorded_at": "x", "event_id": "", "session_id": nil]
        #expect(
            refusal(envelope(["recorded_at": "x", "event_id": "", "session_id": nil, "pid": "x"])) == .invalidParams)
        #expect(refusal(envelope(broken)) == .invalidTimestamp)
        #expect(refusal(envelope(["event_id": "", "session_id": nil])) == .invalidEventID)
        #expect(refusal(envelope(["session_id": nil])) == .missingField)
    }

    @Test func `texts are kept as they are`() throws {
        let event = try HookEvent(
            json: envelope(["session_id": " s ", "cwd": "/w/ ", "tool": "", "tmux_session": " ", "tty": ""]))
        #expect(event.sessionID == " s ")
        #expect(event.cwd == "/w/ ")
        #expect(event.tool == "")
        #expect(event.tmuxSession == " ")
        #expect(event.tty == "")
    }

    // MARK: Metadata, and what is stored and sent

    @Test(
        arguments: [
            "text", 7, -1, 1.5, true, [], [:], [1, [nil, ["a": [.unsigned(.max)]]]], ["agent_id": "a", "x": nil],
        ] as [JSON])
    func `metadata is anything`(metadata: JSON) throws {
        let event = try HookEvent(json: envelope(["metadata": metadata]))
        #expect(event.metadata == metadata)
        #expect(try HookEvent(json: JSON(parsing: event.json.encoded())) == event)
    }

    @Test func `metadata of null is none`() throws {
        #expect(try HookEvent(json: envelope(["metadata": .null])).metadata == nil)
    }

    @Test func `the stored envelope has whole seconds and no absent keys`() throws {
        let event = try HookEvent(
            json: [
                "metadata": .null, "cwd": "", "tool": .null, "event_type": "session_end", "pid": 0, "session_id": "s",
                "event_id": "e", "recorded_at": "2026-01-30T07:00:00.987-05:00",
            ])
        #expect(event.recordedAt == Timestamp(milliseconds: 1_769_774_400_987))
        #expect(
            event.json.text
                == #"{"event_id":"e","recorded_at":"2026-01-30T12:00:00Z","event_type":"session_end","#
                + #""session_id":"s","cwd":""}"#)
        #expect(try HookEvent(json: complete).json == complete)
    }

    @Test func `an event is sent with its milliseconds`() throws {
        var event = try HookEvent(json: complete)
        event.recordedAt.milliseconds += 123
        let request = IPCRequest(id: "evt-1", method: .event(event))
        #expect(
            String(decoding: request.encoded(), as: UTF8.self).contains(#""recorded_at":"2026-01-30T12:00:00.123Z""#))
        #expect(try IPCRequest(line: request.encoded()) == request)
    }
}
