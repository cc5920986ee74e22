import Bytes
import Fleet
import Testing
import Wire

private let id = "019cad10-4e20-7b31-a6f0-5d2c9be01a01"
private let other = "019cad10-4e20-7b31-a6f0-5d2c9be01a02"

private func request(_ line: String) throws(RPCError) -> RPCRequest { try RPCRequest(line: bytes(line)) }

private func spawn(_ members: String) -> String {
    #"{"type":"spawn","payload":{"request":{"session_id":"\#(id)",\#(members)}}}"#
}

@Suite struct RPCRequestTests {
    // MARK: What is refused before dispatch (§1.4)

    @Test(arguments: [
        "", " ", "\r\n", "\t", "{", "nonsense", "null", "7", "true", #""version""#, "[]", #"[{"type":"version"}]"#,
        "{}", #"{"payload":{}}"#, #"{"type":null}"#, #"{"type":7}"#, #"{"type":["version"]}"#, #"{"type":""}"#,
        #"{"type":"Version"}"#, #"{"type":"restart"}"#, #"{"type":"spawned"}"#, #"{"type":"killed"}"#,
        #"{"type":"version","type":"version"}"#, #"{"type":"version","\u0074ype":"doctor"}"#,
        #"{"type":"version"} x"#, #"{"type":"version"}{"type":"version"}"#, #"{"type":"version",}"#,
        #"{"type":"version","payload":[]}"#, #"{"type":"stop","payload":7}"#, #"{"type":"stop","x_drain":1}"#,
        #"{"type":"events"}"#, #"{"type":"events","payload":null}"#, #"{"type":"events","payload":[]}"#,
        #"{"type":"status"}"#, #"{"type":"status","payload":{}}"#, #"{"type":"status","payload":{"request":null}}"#,
        #"{"type":"shim_ready","payload":{"request":{}}}"#, #"{"type":"mcp_bridge","payload":{"request":{}}}"#,
        #"{"type":"mcp_bridge","payload":{"request":{"line":7}}}"#,
        #"{"type":"validate_target","payload":{"request":{"target":{"type":"headless","payload":{}}}}}"#,
        #"{"type":"kill","payload":{"request":{"session_id":"\#(id)","signal":"TERM","grace_secs":1}}}"#,
        #"{"type":"kill","payload":{"request":{"session_id":"\#(id)","signal":"quit","grace_secs":1}}}"#,
        #"{"type":"kill","payload":{"request":{"session_id":"\#(id)","signal":15,"grace_secs":1}}}"#,
        #"{"type":"kill","payload":{"request":{"session_id":"\#(id)","signal":"term"}}}"#,
        #"{"type":"kill","payload":{"request":{"session_id":"\#(id)","signal":"term","grace_secs":-1}}}"#,
        #"{"type":"kill","payload":{"request":{"session_id":"\#(id)","signal":"term","grace_secs":1.0}}}"#,
        #"{"type":"kill","payload":{"request":{"session_id":"\#(id)","signal":"term","grace_secs":"1"}}}"#,
        #"{"type":"kill","payload":{"request":{"session_id":"none","signal":"term","grace_secs":1}}}"#,
        #"{"type":"events","payload":{"since":-1}}"#, #"{"type":"events","payload":{"since":1.0}}"#,
        #"{"type":"events","payload":{"since":1e3}}"#, #"{"type":"events","payload":{"since":"1"}}"#,
        #"{"type":"events","payload":{"since":18446744073709551616}}"#,
        #"{"type":"events","payload":{"wait_ms":4294967296}}"#,
        #"{"type":"capture","payload":{"request":{"target_id":"\#(id)","scrollback_lines":4294967296}}}"#,
        #"{"type":"capture","payload":{"request":{"scrollback_lines":5}}}"#,
        #"{"type":"capture","payload":{"request":{"target_id":"\#(id)","session_id":"\#(other)"}}}"#,
        #"{"type":"status","payload":{"request":{"session_ids":["\#(id)",7]}}}"#,
        #"{"type":"status","payload":{"request":{"session_ids":["x"]}}}"#,
        #"{"type":"status","payload":{"request":{"updated_since":"2026-03-02T08:00:00"}}}"#,
        #"{"type":"status","payload":{"request":{"updated_since":1772439362}}}"#,
        #"{"type":"shim_exit","payload":{"exit":{"session_id":"\#(id)"}}}"#,
        #"{"type":"shim_exit","payload":{"exit":{"session_id":"\#(id)","exit":{"code":2147483648}}}}"#,
        #"{"type":"shim_ready","payload":{"ready":{"session_id":"\#(id)","shim_pid":1,"runtime_pid":2}}}"#,
    ])
    func `what is no request is a mismatch`(line: String) throws {
        let error = #expect(throws: RPCError.self) { try request(line) }
        #expect(error?.code == .protocolMismatch)
        #expect(error?.message.isEmpty == false)
    }

    @Test(arguments: [
        #""cwd":"/","target":{"type":"headless","payload":{}}"#,
        #""runtime":"","cwd":"/","target":{"type":"headless","payload":{}}"#,
        #""runtime":"claude","target":{"type":"headless","payload":{}}"#,
        #""runtime":"claude","cwd":"/""#, #""runtime":"claude","cwd":"/","target":null"#,
        #""runtime":"claude","cwd":"/","target":"headless""#,
        #""runtime":"claude","cwd":"/","target":{"type":"headless"}"#,
        #""runtime":"claude","cwd":"/","target":{"type":"headless","payload":null}"#,
        #""runtime":"claude","cwd":"/","target":{"type":"ssh","payload":{}}"#,
        #""runtime":"claude","cwd":"/","target":{"type":"tmux"}"#,
        #""runtime":"claude","cwd":"/","target":{"type":"tmux","payload":{}}"#,
        #""runtime":"claude","cwd":"/","target":{"type":"tmux","payload":{"address":7}}"#,
        #""runtime":"claude","cwd":"/","env":{},"target":{"type":"headless","payload":{}}"#,
        #""runtime":"claude","cwd":"/","env":[{"key":"A"}],"target":{"type":"headless","payload":{}}"#,
        #""runtime":"claude","cwd":"/","env":["A=1"],"target":{"type":"headless","payload":{}}"#,
        #""runtime":"claude","cwd":"/","x_args":"-v","target":{"type":"headless","payload":{}}"#,
        #""runtime":"claude","cwd":"/","x_force":1,"target":{"type":"headless","payload":{}}"#,
        #""runtime":"","cwd":"/","target":{"type":"tmux","payload":{"address":"nowhere"}}"#,
    ])
    func `a spawn that is not complete is a mismatch`(members: String) throws {
        let error = #expect(throws: RPCError.self) { try request(spawn(members)) }
        #expect(error?.code == .protocolMismatch)
    }

    @Test(arguments: ["", "a", "a:0", ":0.1", "a:0.1.2", "a:0.4294967296", "a:x.1", "headless"])
    func `a spawn to an address that is none has a code of its own`(address: String) throws {
        let line = spawn(
            #""runtime":"claude","cwd":"/","target":{"type":"tmux","payload":{"address":"\#(address)"}}"#)
        let error = #expect(throws: RPCError.self) { try request(line) }
        #expect(
            error
                == RPCError(
                    .invalidTarget,
                    "invalid spawn target tmux:\(address); expected headless or tmux:<session>:<window>.<pane>"))
    }

    @Test(arguments: [0, 0xFF, 0xC0, 0xED] as [UInt8])
    func `bytes that are not text are a mismatch`(byte: UInt8) throws {
        for place in [0, 1, 10, 18, 19] {
            var line = bytes(#"{"type":"version"}"#)
            line.insert(byte, at: min(place, line.count))
            let error = #expect(throws: RPCError.self) { try RPCRequest(line: line) }
            #expect(error?.code == .protocolMismatch)
        }
        let extra = bytes(#"{"type":"version","x":""#) + [0xED, 0xA0, 0x80] + bytes(#""}"#)
        #expect(throws: RPCError(.protocolMismatch, "the request is not one JSON object: the text is not UTF-8")) {
            try RPCRequest(line: extra)
        }
    }

    @Test func `a refusal names the field`() throws {
        #expect(throws: RPCError(.protocolMismatch, "kill: payload.request.signal must be one of hup, int, term, kill"))
        {
            try request(
                #"{"type":"kill","payload":{"request":{"session_id":"\#(id)","signal":"stop","grace_secs":1}}}"#)
        }
        #expect(throws: RPCError(.protocolMismatch, "spawn: payload.request.env[1].value is required")) {
            try request(spawn(#""runtime":"r","cwd":"/","env":[{"key":"a","value":"b"},{"key":"c"}],"target":{}"#))
        }
        #expect(throws: RPCError(.protocolMismatch, "events: payload is required")) {
            try request(#"{"type":"events"}"#)
        }
        #expect(throws: RPCError(.protocolMismatch, "status: payload.request is required")) {
            try request(#"{"type":"status","payload":{}}"#)
        }
        #expect(throws: RPCError(.protocolMismatch, "no request has the type \"re\\nstart\"")) {
            try request(#"{"type":"re\nstart"}"#)
        }
    }

    // MARK: What is let pass

    @Test(arguments: [
        (#"{"type":"version"}"#, RPCRequest.version), (#"{"type":"version"}"# + "\r\n", .version),
        ("  {\t\"type\" : \"version\" } ", .version), (#"{"\u0074ype":"version"}"#, .version),
        (#"{"payload":null,"type":"version"}"#, .version), (#"{"type":"version","payload":{}}"#, .version),
        (#"{"type":"doctor","payload":{"deep":[1]},"x":{"type":"stop"}}"#, .doctor),
        (#"{"type":"stop","x_drain":true}"#, .stop(drain: true)),
        (#"{"type":"stop","x_drain":null}"#, .stop(drain: false)),
        (#"{"type":"stop","payload":{"x_drain":true}}"#, .stop(drain: false)),
        (#"{"payload":{"wait_ms":0,"since":7,"limit":3},"type":"events"}"#, .events(since: 7, waitMilliseconds: 0)),
        (#"{"type":"events","payload":{"since":null,"wait_ms":null}}"#, .events(since: nil, waitMilliseconds: nil)),
        (#"{"type":"events","payload":{"since":1,"since":2}}"#, .events(since: 2, waitMilliseconds: nil)),
        (#"{"type":"status","payload":{"request":{}}}"#, .status(StatusFilter())),
        (#"{"type":"status","payload":{"request":{"session_ids":null}}}"#, .status(StatusFilter())),
        (#"{"type":"status","payload":{"request":{"session_ids":[]}}}"#, .status(StatusFilter())),
        (#"{"type":"mcp_bridge","payload":{"request":{"line":""}}}"#, .mcpBridge(line: "")),
    ])
    func `order, blanks and unknown keys do not matter`(line: String, expected: RPCRequest) throws {
        #expect(try request(line) == expected)
    }

    @Test(arguments: [0, 1, UInt64(Int64.max), UInt64(Int64.max) + 1, .max])
    func `a cursor has all of 64 bits`(cursor: UInt64) throws {
        let events = RPCRequest.events(since: cursor, waitMilliseconds: .max)
        #expect(
            String(decoding: events.encoded(), as: UTF8.self)
                == #"{"type":"events","payload":{"since":\#(cursor),"wait_ms":4294967295}}"#)
        #expect(try RPCRequest(line: events.encoded()) == events)
    }

    @Test func `a spawn carries what ours adds`() throws {
        let line = spawn(
            #""runtime":"claude","env":null,"cwd":"/srv","x_args":["--resume","é"],"x_force":true,"mounts":[1],"#
                + #""target":{"payload":{"address":"a b.c:+0.01","x":1},"type":"tmux"}"#)
        let expected = SpawnRequest(
            sessionID: SessionID(id), runtime: "claude", cwd: "/srv",
            target: .tmux(PaneAddress(session: "a b.c", window: 0, pane: 1)), arguments: ["--resume", "é"], force: true)
        #expect(try request(line) == .spawn(expected))
        #expect(
            String(decoding: RPCRequest.spawn(expected).encoded(), as: UTF8.self)
                == spawn(
                    #""runtime":"claude","env":[],"cwd":"/srv","target":{"type":"tmux","payload":"#
                        + #"{"address":"a b.c:0.1"}},"x_args":["--resume","é"],"x_force":true"#))
    }

    @Test func `environments keep order and repetitions`() throws {
        let variables = ["B", "A", "B", ""].map { EnvironmentVariable(key: $0, value: "\($0)\n\u{0}\"/") }
        let spawn = RPCRequest.spawn(
            SpawnRequest(
                sessionID: SessionID(id), runtime: "r", environment: variables, cwd: "/", target: .headless))
        #expect(try RPCRequest(line: spawn.encoded()) == spawn)
        #expect(!spawn.encoded().contains(UInt8(ascii: "\n")))
    }

    @Test(arguments: [
        #"{"target_id":"\#(id)"}"#, #"{"session_id":"\#(id)"}"#,
        #"{"target_id":"\#(id)","session_id":"urn:uuid:\#(id)"}"#, #"{"target_id":null,"session_id":"\#(id)"}"#,
    ])
    func `a capture names its session either way`(members: String) throws {
        let capture = try request(#"{"type":"capture","payload":{"request":\#(members)}}"#)
        #expect(capture == .capture(SessionID(id), scrollbackLines: nil))
        #expect(
            String(decoding: capture.encoded(), as: UTF8.self)
                == #"{"type":"capture","payload":{"request":{"target_id":"\#(id)"}}}"#)
    }

    @Test func `ids of a filter are united`() throws {
        let line =
            #"{"type":"status","payload":{"request":{"session_id":"\#(id)","session_ids":["\#(other)","\#(id)"]}}}"#
        #expect(try request(line) == .status(StatusFilter(sessionIDs: [SessionID(id), SessionID(other)])))
        let one = RPCRequest.status(StatusFilter(sessionIDs: [SessionID(id)]))
        #expect(
            String(decoding: one.encoded(), as: UTF8.self)
                == #"{"type":"status","payload":{"request":{"session_id":"\#(id)","runtime":null,"state":null}}}"#)
    }

    // MARK: Bounds

    @Test(arguments: [
        ("0", "15", "1"), ("1", "15", "1"), ("2147483648", "15", "1"), ("4294967295", "15", "1"),
        ("4294967296", "15", "1"), ("-5", "15", "1"), ("5", "0", "1"), ("5", "65", "1"), ("5", "-1", "1"),
        ("5", "2147483648", "1"), ("5", "15", "-1"), ("5", "15", "1.0"), ("5.0", "15", "1"), ("5", "\"term\"", "1"),
    ])
    func `a process is signalled only when it is one`(pid: String, signal: String, grace: String) throws {
        let line =
            #"{"type":"kill_by_pid","payload":{"request":{"pid":\#(pid),"signal":\#(signal),"grace_secs":\#(grace)}}}"#
        let error = #expect(throws: RPCError.self) { try request(line) }
        #expect(error?.code == .protocolMismatch)
    }

    @Test(arguments: [(0, 0), (3600, 3600), (3601, 3600), (UInt64.max, 3600)] as [(UInt64, UInt64)])
    func `a grace is an hour at most`(asked: UInt64, granted: UInt64) throws {
        let byPID = RPCRequest.killByPID(pid: 2_147_483_647, signal: 64, graceSeconds: asked)
        #expect(
            try RPCRequest(line: byPID.encoded())
                == .killByPID(pid: 2_147_483_647, signal: 64, graceSeconds: granted))
        let kill = RPCRequest.kill(SessionID(id), .hup, graceSeconds: asked)
        #expect(try RPCRequest(line: kill.encoded()) == .kill(SessionID(id), .hup, graceSeconds: granted))
    }

    @Test func `a nudge is text of a megabyte at most`() throws {
        let most = RPCRequest.nudge(SessionID(id), content: String(repeating: "é", count: 1 << 19))
        #expect(try RPCRequest(line: most.encoded()) == most)
        let empty = RPCRequest.nudge(SessionID(id), content: "")
        #expect(try RPCRequest(line: empty.encoded()) == empty)
        let more = RPCRequest.nudge(SessionID(id), content: String(repeating: "x", count: (1 << 20) + 1))
        #expect(throws: RPCError(.protocolMismatch, "nudge: payload.request.content must have at most 1048576 bytes")) {
            try RPCRequest(line: more.encoded())
        }
        let null = RPCRequest.nudge(SessionID(id), content: "a\u{0}b")
        #expect(throws: RPCError(.protocolMismatch, "nudge: payload.request.content must not contain NUL")) {
            try RPCRequest(line: null.encoded())
        }
    }

    @Test func `signals have their numbers`() {
        #expect(KillSignal.allCases.map(\.number) == [1, 2, 15, 9])
    }
}
