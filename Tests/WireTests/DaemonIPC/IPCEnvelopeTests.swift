import Testing
import Wire

private func refusal(_ line: String) -> IPCError? {
    do {
        _ = try IPCRequest(line: bytes(line))
        return nil
    } catch { return error }
}

/// Checks 6 to 9 of daemon-ipc §1.2, and which of them echo the id.
@Suite struct IPCEnvelopeTests {
    @Test(arguments: ["", " ", "\t", "\r", "\r\n", "\n", " \t\u{0B}\u{0C}\r", "\n{\"protocol_version\":1}"])
    func `nothing but blanks is empty`(line: String) {
        let error = refusal(line)
        #expect(error?.code == .emptyRequest)
        #expect(error?.id == nil)
    }

    @Test(arguments: [
        "{", "}", "nonsense", "\u{0}", "'a'", #"{"protocol_version":1,"method":"get_health""#,
        #"{"protocol_version":1,"method":"get_health","id":"a","#, #"{"id":"a"}{"id":"a"}"#, #"{"id":"a"} x"#,
        #"{"id":"a",}"#, #"{"id":"a","x":01}"#, "\u{FEFF}{\"id\":\"a\"}", "null", "true", "7", #""id""#, "[]",
        #"[{"protocol_version":1,"method":"get_health","id":"a"}]"#,
        #"{"id":"a","params":\#(String(repeating: "[", count: 200))\#(String(repeating: "]", count: 200))}"#,
    ])
    func `what is no object has no id`(line: String) {
        let error = refusal(line)
        #expect(error?.code == .invalidJSON)
        #expect(error?.id == nil)
    }

    @Test(arguments: [
        // Missing or of another type (D-30).
        #"{"id":"a"}"#, #"{"id":"a","method":"get_health"}"#, #"{"id":"a","protocol_version":1}"#,
        #"{"id":"a","protocol_version":null,"method":"get_health"}"#,
        #"{"id":"a","protocol_version":1.0,"method":"get_health"}"#,
        #"{"id":"a","protocol_version":1e0,"method":"get_health"}"#,
        #"{"id":"a","protocol_version":2.5,"method":"get_health"}"#,
        #"{"id":"a","protocol_version":"1","method":"get_health"}"#,
        #"{"id":"a","protocol_version":true,"method":"get_health"}"#,
        #"{"id":"a","protocol_version":[1],"method":"get_health"}"#,
        #"{"id":"a","protocol_version":1,"method":null}"#, #"{"id":"a","protocol_version":1,"method":7}"#,
        #"{"id":"a","protocol_version":1,"method":["get_health"]}"#,
        // Unknown keys.
        #"{"id":"a","protocol_version":1,"method":"get_health","param":{}}"#,
        #"{"id":"a","protocol_version":1,"method":"get_health","":null}"#,
        #"{"id":"a","protocol_version":1,"method":"get_health","Params":null}"#,
        // Keys that are there twice, at any depth.
        #"{"id":"a","protocol_version":1,"protocol_version":1,"method":"get_health"}"#,
        #"{"id":"a","protocol_version":1,"method":"get_health","method":"get_config"}"#,
        #"{"id":"a","protocol_version":1,"method":"get_health","\u006dethod":"get_health"}"#,
        #"{"id":"a","protocol_version":1,"method":"get_health","params":null,"params":null}"#,
        #"{"id":"a","protocol_version":1,"method":"get_process_liveness","params":{"pid":1,"pid":1}}"#,
        #"{"id":"a","protocol_version":1,"method":"get_health","params":[{"x":[{"y":1,"y":2}]}]}"#,
        // Before the version is looked at.
        #"{"id":"a","protocol_version":2}"#, #"{"id":"a","protocol_version":2,"method":"get_health","x":1}"#,
        #"{"id":"a","protocol_version":2,"method":"get_health","params":{"x":1,"x":1}}"#,
    ])
    func `a malformed envelope has the id that it says`(line: String) {
        let error = refusal(line)
        #expect(error?.code == .invalidJSON)
        #expect(error?.id == "a")
        #expect(error?.message.isEmpty == false)
    }

    @Test(arguments: ["7", "true", "1.5", "[]", "{}", #"["a"]"#])
    func `an id is text`(id: String) {
        let error = refusal(#"{"protocol_version":1,"method":"get_health","id":\#(id)}"#)
        #expect(error == IPCError(.invalidJSON, "the request: id must be a string"))
    }

    @Test func `an id that is there twice is nobody's`() {
        let error = refusal(#"{"protocol_version":1,"method":"get_health","id":"a","id":"b"}"#)
        #expect(error?.code == .invalidJSON)
        #expect(error?.id == nil)
    }

    @Test(arguments: [
        "0", "2", "-1", "10", "4294967297", "9223372036854775807", "-9223372036854775808", "18446744073709551615",
    ])
    func `any other integer is another protocol`(version: String) {
        for method in ["get_health", "make_tea", ""] {
            let error = refusal(
                #"{"id":"a","protocol_version":\#(version),"method":"\#(method)","params":{"pid":"x"}}"#)
            #expect(error?.code == .protocolMismatch)
            #expect(error?.id == "a")
        }
    }

    @Test(arguments: ["", "get_healt", "get_health ", "GET_HEALTH", "getHealth", "Event", "events", "get\\u005fall"])
    func `any other text is an unknown method`(method: String) {
        let error = refusal(#"{"id":"a","protocol_version":1,"method":"\#(method)","params":7}"#)
        #expect(error?.code == .unknownMethod)
        #expect(error?.id == "a")
        #expect(refusal(#"{"protocol_version":1,"method":"\#(method)"}"#)?.id == nil)
    }

    @Test func `a long name is not repeated at length`() {
        let error = refusal(
            #"{"protocol_version":1,"method":"\#(String(repeating: "x", count: 10_000))"}"#)
        #expect(error?.code == .unknownMethod)
        #expect((error?.message.utf8.count ?? .max) < 200)
    }

    @Test(arguments: [0x80, 0xC0, 0xED, 0xFF] as [UInt8])
    func `bytes that are not text are not JSON`(byte: UInt8) {
        for place in [0, 1, 7, 40] {
            var line = bytes(#"{"id":"a","protocol_version":1,"method":"get_health"}"#)
            line.insert(byte, at: place)
            let error = #expect(throws: IPCError.self) { try IPCRequest(line: line) }
            #expect(error?.code == .invalidJSON)
            #expect(error?.id == nil)
        }
    }

    // MARK: What is let pass

    @Test(arguments: [
        #"{"protocol_version":1,"method":"get_health"}"#,
        #"{"protocol_version":1,"method":"get_health"}"# + "\n",
        #"{"protocol_version":1,"method":"get_health"}"# + "\r\n",
        #"{"protocol_version":1,"method":"get_health"}"# + "\nanything {",
        " \t{ \"method\" : \"get_health\" , \"protocol_version\" : 1 }\r",
        #"{"params":null,"id":null,"method":"get_health","protocol_version":1}"#,
        #"{"\u0070rotocol_version":1,"method":"get\u005fhealth"}"#,
    ])
    func `order, blanks, null and what follows the line do not matter`(line: String) throws {
        #expect(try IPCRequest(line: bytes(line)) == IPCRequest(method: .getHealth))
    }

    @Test(arguments: ["", " ", "req-123", "é\u{0}\"\\\n", "\u{1F600}", String(repeating: "i", count: 100_000)])
    func `any text is an id`(id: String) throws {
        let request = IPCRequest(id: id, method: .getConfig)
        #expect(try IPCRequest(line: request.encoded()) == request)
    }

    @Test func `there are eleven methods, one of our own, and twenty-two codes`() {
        #expect(
            IPCMethod.Name.allCases.map(\.rawValue) == [
                "get_health", "get_shell_state", "get_process_liveness", "get_routing_snapshot",
                "get_routing_diagnostics", "get_config", "get_sessions", "get_project_states", "get_activity",
                "get_tombstones", "event", "x_event",
            ])
        #expect(
            IPCErrorCode.allCases.map(\.rawValue) == [
                "empty_request", "read_timeout", "read_error", "request_too_large", "invalid_json",
                "protocol_mismatch", "unknown_method", "invalid_params", "invalid_event_id", "invalid_timestamp",
                "invalid_pid", "missing_field", "unauthorized_peer", "too_many_connections", "invalid_project_path",
                "routing_error", "serialization_error", "liveness_error", "sessions_error", "project_states_error",
                "activity_error", "tombstone_error",
            ])
    }
}
