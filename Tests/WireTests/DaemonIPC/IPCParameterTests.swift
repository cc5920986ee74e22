import Bytes
import Testing
import Wire

private func line(_ method: String, _ params: String?) -> [UInt8] {
    bytes(
        #"{"protocol_version":1,"id":"a","method":"\#(method)"\#(params.map { #","params":\#($0)"# } ?? "")}"#)
}

private func method(_ name: String, _ params: String?) throws(IPCError) -> IPCMethod {
    try IPCRequest(line: line(name, params)).method
}

private func refusal(_ name: String, _ params: String?) -> IPCErrorCode? {
    do {
        _ = try method(name, params)
        return nil
    } catch {
        #expect(error.id == "a")
        #expect(!error.message.isEmpty)
        return error.code
    }
}

/// Check 10 of daemon-ipc §1.2, for all methods but `event`.
@Suite struct IPCParameterTests {
    @Test(arguments: [
        ("get_health", IPCMethod.getHealth), ("get_shell_state", .getShellState), ("get_config", .getConfig),
        ("get_sessions", .getSessions), ("get_project_states", .getProjectStates),
        ("get_tombstones", .getTombstones),
    ])
    func `methods without parameters do not look at them`(name: String, expected: IPCMethod) throws {
        for params in [nil, "null", "{}", "[]", "7", "\"x\"", "true", #"{"pid":"x","project_path":""}"#] {
            #expect(try method(name, params) == expected)
        }
    }

    // MARK: get_process_liveness (§2.3)

    @Test(arguments: [
        nil, "null", "[]", "7", #""7""#, "true", "{}", #"{"pid":null}"#, #"{"pid":"7"}"#, #"{"pid":7.0}"#,
        #"{"pid":7e0}"#, #"{"pid":true}"#, #"{"pid":[7]}"#, #"{"pid":-1}"#, #"{"pid":4294967296}"#,
        #"{"pid":18446744073709551616}"#, #"{"pid":7,"x":null}"#, #"{"PID":7}"#,
    ])
    func `liveness needs a process and nothing else`(params: String?) {
        #expect(refusal("get_process_liveness", params) == .invalidParams)
    }

    @Test(arguments: [0, 1, 12345, UInt32(Int32.max) + 1, .max])
    func `any number of 32 bits is a process`(pid: UInt32) throws {
        #expect(try method("get_process_liveness", #"{"pid":\#(pid)}"#) == .getProcessLiveness(pid: pid))
    }

    // MARK: Routing (§2.4)

    @Test(arguments: ["get_routing_snapshot", "get_routing_diagnostics"])
    func `routing refuses shapes before fields, and fields before blanks`(name: String) {
        for params in [
            nil, "null", "[]", "7", #""/a""#, #"{"project_path":7}"#, #"{"project_path":["/a"]}"#,
            #"{"project_path":"/a","workspace_id":7}"#, #"{"project_path":"/a","x":null}"#,
            #"{"workspace_id":{}}"#, #"{"x":1}"#, #"{"project_path":" ","workspace_id":false}"#,
        ] {
            #expect(refusal(name, params) == .invalidParams, "\(params ?? "none")")
        }
        for params in ["{}", #"{"project_path":null}"#, #"{"workspace_id":"w"}"#, #"{"workspace_id":null}"#] {
            #expect(refusal(name, params) == .missingField, "\(params)")
        }
        for path in ["", " ", "\\t\\n", "\\u00a0\\u2003"] {
            #expect(refusal(name, #"{"project_path":"\#(path)"}"#) == .invalidProjectPath, "\(path)")
        }
    }

    @Test func `whoever sends no parameters is told which are needed`() throws {
        let error = #expect(throws: IPCError.self) { try method("get_routing_snapshot", nil) }
        #expect(error?.message.contains("project_path is required") == true)
    }

    @Test(arguments: [
        (#"{"project_path":"/a"}"#, RoutingQuery(projectPath: "/a")),
        (#"{"project_path":" \t/a b/\n","workspace_id":null}"#, RoutingQuery(projectPath: "/a b/")),
        (#"{"project_path":"a/../b","workspace_id":"  "}"#, RoutingQuery(projectPath: "a/../b")),
        (#"{"workspace_id":" w 1\u00a0","project_path":"/é"}"#, RoutingQuery(projectPath: "/é", workspaceID: "w 1")),
    ])
    func `paths and workspaces are trimmed and nothing else`(params: String, query: RoutingQuery) throws {
        #expect(try method("get_routing_snapshot", params) == .getRoutingSnapshot(query))
        #expect(try method("get_routing_diagnostics", params) == .getRoutingDiagnostics(query))
    }

    // MARK: get_activity (§2.9)

    @Test(arguments: ["[]", "7", #""x""#, "true", "0.5"])
    func `activity takes an object`(params: String) {
        #expect(refusal("get_activity", params) == .invalidParams)
    }

    @Test(
        arguments: [
            (nil, nil, 100), ("null", nil, 100), ("{}", nil, 100), (#"{"x":1,"y":{}}"#, nil, 100),
            (#"{"session_id":null,"limit":null}"#, nil, 100), (#"{"session_id":"s"}"#, "s", 100),
            (#"{"session_id":" s "}"#, " s ", 100), (#"{"session_id":""}"#, nil, 100),
            (#"{"session_id":" \t"}"#, nil, 100), (#"{"session_id":7}"#, nil, 100),
            (#"{"session_id":["s"]}"#, nil, 100),
            (#"{"limit":0}"#, nil, 0), (#"{"limit":1}"#, nil, 1), (#"{"limit":1000}"#, nil, 1000),
            (#"{"limit":1001}"#, nil, 1000), (#"{"limit":9223372036854775807}"#, nil, 1000),
            (#"{"limit":18446744073709551615}"#, nil, 1000), (#"{"limit":-1}"#, nil, 100),
            (#"{"limit":5.0}"#, nil, 100),
            (#"{"limit":"5"}"#, nil, 100), (#"{"limit":true}"#, nil, 100), (#"{"limit":5,"session_id":"s"}"#, "s", 5),
        ] as [(String?, String?, Int)])
    func `activity makes the best of what it gets`(params: String?, sessionID: String?, limit: Int) throws {
        #expect(try method("get_activity", params) == .getActivity(sessionID: sessionID, limit: limit))
    }

    // MARK: As a client sends them

    @Test(arguments: [
        (IPCMethod.getHealth, ""), (.getShellState, ""), (.getConfig, ""), (.getSessions, ""),
        (.getProjectStates, ""), (.getTombstones, ""),
        (.getProcessLiveness(pid: .max), #","params":{"pid":4294967295}"#),
        (.getRoutingSnapshot(RoutingQuery(projectPath: "/a")), #","params":{"project_path":"/a"}"#),
        (
            .getRoutingDiagnostics(RoutingQuery(projectPath: "/a", workspaceID: "w")),
            #","params":{"project_path":"/a","workspace_id":"w"}"#
        ),
        (.getActivity(sessionID: nil, limit: 0), #","params":{"limit":0}"#),
        (.getActivity(sessionID: "s", limit: 1000), #","params":{"limit":1000,"session_id":"s"}"#),
    ])
    func `what is sent is read as it was meant`(method: IPCMethod, params: String) throws {
        for id in [nil, "a"] {
            let request = IPCRequest(id: id, method: method)
            let expected =
                #"{"protocol_version":1,"method":"\#(method.name.rawValue)""#
                + (id.map { #","id":"\#($0)""# } ?? "") + params + "}\n"
            #expect(String(decoding: request.encoded(), as: UTF8.self) == expected)
            #expect(try IPCRequest(line: request.encoded()) == request)
        }
    }
}
