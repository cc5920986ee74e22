import Bytes
import Fleet
import Testing
import Wire

private let id = "019cad10-4e20-7b31-a6f0-5d2c9be01a01"
private let version = VersionInfo(version: "0.1.0", gitSHA: "9f3c2d1ab004")

/// The line that is answered at once, as JSON.
private func answer(_ line: String) throws -> JSON {
    guard case .answer(let bytes) = RuntimeBridge().step(line, version: version) else {
        Issue.record("not answered at once: \(line)")
        return nil
    }
    return try JSON(parsing: bytes)
}

private func call(_ name: String, _ arguments: String, id: String = "1") -> String {
    #"{"jsonrpc":"2.0","id":\#(id),"method":"tools/call","params":{"name":"\#(name)","arguments":\#(arguments)}}"#
}

/// Asks with a line, answers with what the daemon says, and gives the client's line.
private func dialogue(_ line: String, expecting request: RPCRequest, answer: RPCResponse) throws -> String {
    guard case .ask(let asked, let call) = RuntimeBridge().step(line, version: version) else {
        Issue.record("the daemon is not asked: \(line)")
        return ""
    }
    #expect(asked == request)
    return String(decoding: RuntimeBridge().finish(call, with: answer), as: UTF8.self)
}

@Suite struct RuntimeBridgeTests {
    @Test(arguments: [
        "", " ", "{", "7", "null", "[]", #"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, #"{"id":1,"method":"ping"}"#,
        #"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, #"{"jsonrpc":"2.0","id":1}"#,
        #"{"jsonrpc":"2.0","id":1,"method":7}"#, #"{"jsonrpc":"2.0","id":{},"method":"ping"}"#,
        #"{"jsonrpc":"2.0","id":1,"result":{}}"#,
    ])
    func `what is no request is a parse error`(line: String) throws {
        let json = try answer(line)
        #expect(json["error"]?["code"] == -32700)
        #expect(json["id"] == .null)
        #expect(json["jsonrpc"] == "2.0")
    }

    @Test(arguments: [
        #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        #"{"jsonrpc":"2.0","id":4,"method":"notifications/cancelled"}"#, #"{"jsonrpc":"2.0","method":"ping"}"#,
        #"{"jsonrpc":"2.0","method":"resources/list"}"#,
        #"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"rtm_watchers"}}"#,
    ])
    func `who wants no answer gets none`(line: String) {
        #expect(RuntimeBridge().step(line, version: version) == .silence)
    }

    @Test(arguments: ["2025-06-18", "2024-11-05", "2099-01-01"])
    func `it greets with one revision, whatever is asked for`(revision: String) throws {
        let json = try answer(
            #"{"jsonrpc":"2.0","id":"a","method":"initialize","params":{"protocolVersion":"\#(revision)"}}"#)
        #expect(json["id"] == "a")
        #expect(json["result"]?["protocolVersion"] == "2025-06-18")
        #expect(json["result"]?["capabilities"] == ["tools": [:]])
        #expect(json["result"]?["serverInfo"] == ["name": "rtm", "version": "0.1.0"])
        #expect(json["result"]?["instructions"]?.string?.isEmpty == false)
    }

    @Test func `null is an id`() throws {
        #expect(
            try answer(#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#) == ["id": nil, "jsonrpc": "2.0", "result": [:]])
    }

    @Test func `methods it does not have are not found`() throws {
        #expect(
            RuntimeBridge().step(#"{"jsonrpc":"2.0","id":2,"method":"resources/list"}"#, version: version)
                == .answer(
                    bytes(
                        #"{"error":{"code":-32601,"message":"Method not found: resources/list"},"id":2,"jsonrpc":"2.0"}"#
                    )))
    }

    @Test(arguments: [
        #"{"jsonrpc":"2.0","id":3,"method":"tools/call"}"#,
        #"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":[]}"#,
        #"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{}}"#,
        #"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":7}}"#,
    ])
    func `a call has a name`(line: String) throws {
        let json = try answer(line)
        #expect(json["error"]?["code"] == -32602)
        #expect(json["id"] == 3)
    }

    // MARK: Tools

    @Test func `there are four tools`() throws {
        let json = try answer(#"{"jsonrpc":"2.0","id":7,"method":"tools/list"}"#)
        let tools = try #require(json["result"]?["tools"]?.array)
        #expect(tools.map { $0["name"] } == ["rtm_kill_by_pid", "rtm_status", "rtm_version", "rtm_watchers"])
        for tool in tools {
            #expect(tool["description"]?.string?.isEmpty == false)
            #expect(tool["inputSchema"]?["type"] == "object")
            #expect(tool["inputSchema"]?["additionalProperties"] == false)
            #expect(tool["outputSchema"]?["type"] == "object")
            #expect(tool["outputSchema"]?["required"] == nil)
            #expect(tool["annotations"]?["openWorldHint"] == false)
        }
        #expect(tools.map { $0["annotations"]?["destructiveHint"] } == [true, false, false, false])
        #expect(tools.map { $0["annotations"]?["readOnlyHint"] } == [false, true, true, true])
        #expect(tools[2]["inputSchema"] == ["type": "object", "properties": [:], "additionalProperties": false])
        #expect(tools[3]["inputSchema"] == tools[2]["inputSchema"])
    }

    @Test func `their schemas are those of the table`() throws {
        let json = try answer(#"{"jsonrpc":"2.0","id":7,"method":"tools/list"}"#)
        let tools = try #require(json["result"]?["tools"]?.array)
        func shape(_ schema: JSON?) -> [String: String] {
            var shapes: [String: String] = [:]
            for member in schema?["properties"]?.object?.members ?? [] {
                let item = member.value["items"] ?? member.value
                let kind = [item["type"]?.string, item["format"]?.string].compactMap { $0 }.joined(separator: "/")
                shapes[member.key] = member.value["items"] == nil ? kind : "[\(kind)]"
            }
            return shapes
        }
        #expect(
            shape(tools[0]["inputSchema"])
                == ["pid": "integer/u32", "signal": "integer/i32", "grace_secs": "integer/u32"])
        #expect(tools[0]["inputSchema"]?["required"] == ["pid", "signal", "grace_secs"])
        #expect(
            shape(tools[0]["outputSchema"])
                == ["pid": "integer", "signal": "integer", "killed_after_grace": "boolean"])
        #expect(
            shape(tools[1]["inputSchema"]) == [
                "session_id": "string/uuid", "session_ids": "[string/uuid]", "updated_since": "string/date-time",
                "runtime": "string", "state": "string",
            ])
        #expect(tools[1]["inputSchema"]?["required"] == nil)
        #expect(shape(tools[1]["outputSchema"]) == ["lifecycles": "[object]"])
        #expect(
            shape(tools[2]["outputSchema"]) == [
                "version": "string", "git_sha": "string", "protocol_version": "string", "capabilities": "[string]",
            ])
        #expect(
            shape(tools[3]["outputSchema"])
                == ["process_exit_watchers": "integer", "shim_sockets": "integer", "event_waiters": "integer"])
    }

    @Test(arguments: ["{}", "null"])
    func `watchers are counted`(arguments: String) throws {
        let line = try dialogue(
            call("rtm_watchers", arguments), expecting: .watchers,
            answer: .watchers(WatcherCounts(processExitWatchers: 0, shimSockets: 0, eventWaiters: 0)))
        // To the byte what the contract shows.
        #expect(
            line
                == #"{"id":1,"jsonrpc":"2.0","result":{"content":[{"type":"text","text":"{\"process_exit_watchers\":0,"#
                + #"\"shim_sockets\":0,\"event_waiters\":0}"}],"structuredContent":{"process_exit_watchers":0,"#
                + #""shim_sockets":0,"event_waiters":0}}}"#)
    }

    @Test func `arguments may be left out`() {
        let line = #"{"jsonrpc":"2.0","id":"x","method":"tools/call","params":{"name":"rtm_version"}}"#
        #expect(
            RuntimeBridge().step(line, version: version)
                == .ask(.version, finish: ToolCall(id: .string("x"), name: "rtm_version")))
    }

    @Test func `a version is text and structure`() throws {
        let line = try dialogue(call("rtm_version", "{}"), expecting: .version, answer: .version(version))
        let result = try JSON(parsing: line)["result"]
        #expect(try JSON(parsing: result?["content"]?[0]?["text"]?.string ?? "") == result?["structuredContent"])
        #expect(result?["structuredContent"]?["capabilities"]?.array?.count == 9)
        #expect(result?["isError"] == nil)
    }

    @Test func `a status is an object, and as text the bare array`() throws {
        let filter = StatusFilter(
            sessionIDs: [SessionID(id)], updatedSince: PreciseTime(rfc3339: "2026-03-02T08:00:00Z"), runtime: "claude",
            state: "Running")
        let record = LifecycleRecord(sessionID: SessionID(id), runtime: "claude", state: .running)
        let line = try dialogue(
            call(
                "rtm_status",
                #"{"session_ids":["\#(id)"],"updated_since":"2026-03-02T08:00:00Z","runtime":"claude","state":"Running"}"#
            ),
            expecting: .status(filter), answer: .status([record]))
        let result = try JSON(parsing: line)["result"]
        let text = try JSON(parsing: result?["content"]?[0]?["text"]?.string ?? "")
        #expect(text.array?.count == 1)
        #expect(result?["structuredContent"] == ["lifecycles": text])
        let none = try dialogue(call("rtm_status", "{}"), expecting: .status(StatusFilter()), answer: .status([]))
        #expect(none.contains(#""text":"[]"}],"structuredContent":{"lifecycles":[]}"#))
    }

    @Test func `a process is killed`() throws {
        let line = try dialogue(
            call("rtm_kill_by_pid", #"{"pid":48211,"signal":15,"grace_secs":4294967295}"#),
            expecting: .killByPID(pid: 48211, signal: 15, graceSeconds: 3600),
            answer: .killByPID(pid: 48211, signal: 15, killedAfterGrace: true))
        #expect(
            try JSON(parsing: line)["result"]?["structuredContent"]
                == ["pid": 48211, "signal": 15, "killed_after_grace": true])
    }

    // MARK: Failures

    @Test(arguments: [
        ("rtm_spawn", "{}", "unknown tool: rtm_spawn"), ("", "{}", "unknown tool: "),
        ("rtm_watchers", #"{"all":true}"#, "argument all is not known here"),
        ("rtm_version", #"{"x":null}"#, "argument x is not known here"),
        ("rtm_version", "[]", "arguments must be an object"),
        ("rtm_kill_by_pid", "{}", "argument pid is required"),
        ("rtm_kill_by_pid", #"{"pid":5,"signal":15}"#, "argument grace_secs is required"),
        ("rtm_kill_by_pid", #"{"pid":"5","signal":15,"grace_secs":1}"#, "argument pid must be an integer"),
        ("rtm_kill_by_pid", #"{"pid":1,"signal":15,"grace_secs":1}"#, "argument pid must be from 2 to 2147483647"),
        ("rtm_kill_by_pid", #"{"pid":5,"signal":65,"grace_secs":1}"#, "argument signal must be from 1 to 64"),
        (
            "rtm_kill_by_pid", #"{"pid":5,"signal":15,"grace_secs":4294967296}"#,
            "argument grace_secs must be from 0 to 4294967295"
        ),
        ("rtm_status", #"{"session_id":"x"}"#, "argument session_id must be a UUID"),
        ("rtm_status", #"{"session_ids":["\#(id)",1]}"#, "argument session_ids[1] must be a string"),
        (
            "rtm_status", #"{"updated_since":"yesterday"}"#,
            "argument updated_since must be an RFC 3339 time with an offset"
        ),
        ("rtm_status", #"{"sessions":[]}"#, "argument sessions is not known here"),
    ])
    func `a call that is not right is a result that says so`(name: String, arguments: String, message: String) throws {
        #expect(
            try answer(call(name, arguments)) == [
                "id": 1, "jsonrpc": "2.0",
                "result": [
                    "content": [["type": "text", "text": .string("ERROR: \(message)")]], "isError": true,
                    "_meta": ["rtm_tool_error": ["is_error": true, "message": .string(message)]],
                ],
            ])
    }

    @Test func `what the daemon refuses is told`() throws {
        let line = try dialogue(
            call("rtm_status", #"{"session_id":null}"#, id: #""q""#), expecting: .status(StatusFilter()),
            answer: .error(RPCError(.runtimeUnavailable, "the database is gone")))
        let json = try JSON(parsing: line)
        #expect(json["id"] == "q")
        #expect(json["result"]?["content"]?[0]?["text"] == "ERROR: runtime_unavailable: the database is gone")
        #expect(json["result"]?["isError"] == true)
        let odd = try dialogue(call("rtm_watchers", "{}"), expecting: .watchers, answer: .ack)
        #expect(odd.contains("ERROR: the daemon answered rtm_watchers with ack"))
    }
}
