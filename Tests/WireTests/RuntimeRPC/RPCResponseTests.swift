import Bytes
import Fleet
import Testing
import Wire

private let id: SessionID = "019cad10-4e20-7b31-a6f0-5d2c9be01a01"

private func response(_ line: String) throws(RPCError) -> RPCResponse { try RPCResponse(line: bytes(line)) }
private func text(_ response: RPCResponse) -> String { String(decoding: response.encoded(), as: UTF8.self) }

@Suite struct RPCResponseTests {
    @Test(arguments: [
        "", "{", "[]", "{}", #"{"type":"version"}"#, #"{"type":"ack","payload":[]}"#,
        #"{"type":"killed","payload":{}}"#,
        #"{"type":"ack","type":"ack"}"#, #"{"type":"error","payload":{"code":"spawn_conflict","message":"m"}}"#,
        #"{"type":"error","payload":{"code":"launch_failed"}}"#,
        #"{"type":"nudge","payload":{"response":{"delivered":false,"outcome":{"kind":"failed","reason":"session_ended"}}}}"#,
        #"{"type":"nudge","payload":{"response":{"outcome":{"kind":"delivered"}}}}"#,
        #"{"type":"validate_target","payload":{"response":{"valid":true,"outcome":{"kind":"perhaps"}}}}"#,
        #"{"type":"capture","payload":{"response":{"status":"failed","payload":{"type":"other"}}}}"#,
        #"{"type":"capture","payload":{"response":{"status":"partial","payload":{}}}}"#,
        #"{"type":"events","payload":{"events":[{"type":"paused","payload":{}}],"cursor":1}}"#,
        #"{"type":"events","payload":{"events":[]}}"#, #"{"type":"events","payload":{"events":[],"cursor":1.0}}"#,
        #"{"type":"cursor_expired","payload":{"oldest":-1}}"#,
        #"{"type":"shim_launch","payload":{"launch":{"argv":[],"env":[{"key":"a","value":"b"}],"cwd":"/"}}}"#,
        #"{"type":"shim_launch","payload":{"launch":{"argv":["a"],"env":[],"cwd":"/"}}}"#,
        #"{"type":"watchers","payload":{"watchers":{"shim_sockets":0,"event_waiters":0}}}"#,
        #"{"type":"watchers","payload":{"watchers":{"process_exit_watchers":-1,"shim_sockets":0,"event_waiters":0}}}"#,
        #"{"type":"status","payload":{"lifecycles":[{"session_id":"\#(id)","runtime":"r","state":"paused"}]}}"#,
        #"{"type":"status","payload":{"lifecycles":[{"session_id":"\#(id)","runtime":"r","state":{"lost":"odd"}}]}}"#,
    ])
    func `what is no answer of this protocol is a mismatch`(line: String) throws {
        let error = #expect(throws: RPCError.self) { try response(line) }
        #expect(error?.code == .protocolMismatch)
    }

    @Test func `keys without a value may be left out by others`() throws {
        let line =
            #"{"type":"status","payload":{"lifecycles":[{"session_id":"\#(id)","runtime":"r","state":"running"}]}}"#
        #expect(try response(line) == .status([LifecycleRecord(sessionID: id, runtime: "r", state: .running)]))
        #expect(
            try response(#"{"type":"mcp_bridge","payload":{"response":{}}}"#) == .mcpBridge(line: nil))
    }

    @Test func `keys without a value are written as null`() {
        #expect(
            text(.status([LifecycleRecord(sessionID: id, runtime: "r", state: .exited(RuntimeExit()))]))
                == #"{"type":"status","payload":{"lifecycles":[{"session_id":"\#(id)","runtime":"r","#
                + #""state":{"exited":{"code":null,"signal":null}},"shim_pid":null,"runtime_pid":null,"#
                + #""start_time":null,"tmux_pane":null}]}}"#)
        #expect(text(.mcpBridge(line: nil)) == #"{"type":"mcp_bridge","payload":{"response":{"line":null}}}"#)
        #expect(text(.ack) == #"{"type":"ack"}"#)
        #expect(text(.stopping) == #"{"type":"stopping"}"#)
    }

    @Test func `older daemons are understood`() throws {
        #expect(
            try response(
                #"{"type":"watchers","payload":{"watchers":{"kqueue_watchers":2,"shim_sockets":1,"event_waiters":3}}}"#)
                == .watchers(WatcherCounts(processExitWatchers: 2, shimSockets: 1, eventWaiters: 3)))
        #expect(
            try response(#"{"type":"watchers","payload":{"watchers":{"process_exit_watchers":2,"shim_sockets":1}}}"#)
                == .watchers(WatcherCounts(processExitWatchers: 2, shimSockets: 1, eventWaiters: 0)))
        let terminated = { (evidence: String) in
            #"{"type":"events","payload":{"events":[{"type":"terminated","payload":{"session_id":"\#(id)","#
                + #""exit_code":null,"signal":null,"evidence":\#(evidence)}}],"cursor":1}}"#
        }
        #expect(
            try response(terminated(#""kqueue_exit""#))
                == .events([.terminated(id, RuntimeExit(), .processExit)], cursor: 1))
        #expect(
            try response(terminated(#"{"lost":"pid_not_alive"}"#))
                == .events([.terminated(id, RuntimeExit(), .lost(.pidNotAlive))], cursor: 1))
        #expect(
            text(.events([.terminated(id, RuntimeExit(), .processExit)], cursor: 1)) == terminated(#""process_exit""#))
    }

    @Test(arguments: [0, UInt64(Int64.max) + 1, .max])
    func `cursors have all of 64 bits`(cursor: UInt64) throws {
        for answer in [RPCResponse.events([], cursor: cursor), .cursorExpired(oldest: cursor)] {
            #expect(text(answer).contains(":\(cursor)}"))
            #expect(try RPCResponse(line: answer.encoded()) == answer)
        }
    }

    @Test func `a row is told of with the pane it was meant for`() {
        let time = PreciseTime(nanoseconds: 0)
        var row = RuntimeLifecycle(
            sessionID: id, runtime: "codex", target: .tmux(PaneAddress(session: "a", window: 0, pane: 1)),
            spawnedAt: time)
        #expect(
            LifecycleRecord(row, logAvailability: .unavailable(.paneUnavailable))
                == LifecycleRecord(
                    sessionID: id, runtime: "codex", state: .forking, tmuxPane: "a:0.1",
                    logAvailability: .unavailable(.paneUnavailable)))
        row.target = .headless
        row.state = .lost(.pidReuseDetected)
        row.runtimePID = 7
        row.startTime = time
        let record = LifecycleRecord(row, logAvailability: nil)
        #expect(record.tmuxPane == nil)
        #expect(record.runtimePID == 7)
        #expect(record.startTime == time)
    }

    @Test(arguments: RPCError.Code.allCases)
    func `every code comes across`(code: RPCError.Code) throws {
        let error = RPCResponse.error(RPCError(code, "it \"was\" so\n"))
        #expect(try RPCResponse(line: error.encoded()) == error)
        #expect(RPCError(code, "so").description == "\(code.rawValue): so")
    }

    @Test func `there are seven codes and nine capabilities`() {
        #expect(
            RPCError.Code.allCases.map(\.rawValue) == [
                "runtime_unavailable", "session_not_found", "tmux_pane_dead", "headless_nudge_unsupported",
                "launch_failed", "invalid_target", "protocol_mismatch",
            ])
        #expect(RPCProfile.v03.capabilities.count == 9)
        #expect(RPCProfile.v03.protocolVersion == "0.3")
    }

    @Test func `every outcome comes across`() throws {
        let snapshot = PaneSnapshot(
            content: "\u{1B}[1mé\u{1B}[0m\r\n", capturedAtMilliseconds: .max, scrollbackLinesRequested: .max,
            scrollbackLinesIncluded: 0, paneHistoryLines: 1)
        let answers: [RPCResponse] =
            [.captured(snapshot), .failed(.capturePaneFailed(stderr: ""))].map { .capture($0) }
            + NudgeReason.allCases.flatMap { [.nudge(.failed($0)), .nudge(.unsupported($0))] }
            + LostEvidence.allCases.map {
                .events([.lost(id, $0), .terminated(id, RuntimeExit(signal: 9), .lost($0))], cursor: 1)
            }
            + LogAvailability.Reason.allCases.map {
                .status([
                    LifecycleRecord(
                        sessionID: id, runtime: "r", state: .lost(.pidNotAlive), logAvailability: .unavailable($0))
                ])
            }
        for answer in answers { #expect(try RPCResponse(line: answer.encoded()) == answer) }
    }

    @Test func `a record of the event log has the same payload`() throws {
        let event = RuntimeEvent.running(id, runtimePID: .max, startTime: PreciseTime(nanoseconds: 1))
        var payload: [UInt8] = []
        event.appendPayload(to: &payload)
        #expect(try RuntimeEvent(event.kind, payload: JSON(parsing: payload)) == event)
        #expect(throws: FieldError.self) { try RuntimeEvent(.lost, payload: JSON(parsing: payload)) }
    }

    @Test func `a doctor may say where the socket is`() throws {
        let line = try #require(RuntimeRPCFixtures.responses.first { $0.contains(#""type":"doctor""#) })
        guard case .doctor(var report) = try response(line) else {
            Issue.record("no doctor")
            return
        }
        #expect(report.socketPathResolved == nil)
        report.socketPathResolved = "/run/user/1000/rtm/sock"
        #expect(text(.doctor(report)).contains(#""socket_path_resolved":"/run/user/1000/rtm/sock""#))
        #expect(try response(text(.doctor(report))) == .doctor(report))
    }
}
