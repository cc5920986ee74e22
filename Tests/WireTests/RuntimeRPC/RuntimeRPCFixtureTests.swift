import Bytes
import Fleet
import Testing
import Wire

@Suite struct RuntimeRPCFixtureTests {
    @Test(arguments: RuntimeRPCFixtures.requests)
    func `a request is read and written again`(line: String) throws {
        let request = try RPCRequest(line: bytes(line))
        #expect(try JSON(parsing: request.encoded()) == JSON(parsing: line))
        #expect(try RPCRequest(line: request.encoded()) == request)
    }

    @Test(arguments: RuntimeRPCFixtures.responses)
    func `an answer is read and written again`(line: String) throws {
        let response = try RPCResponse(line: bytes(line))
        #expect(try JSON(parsing: response.encoded()) == JSON(parsing: line))
        #expect(try RPCResponse(line: response.encoded()) == response)
    }

    @Test func `every request and every answer has an example`() throws {
        let requests = try RuntimeRPCFixtures.requests.map { try RPCRequest(line: bytes($0)).type }
        #expect(
            Set(requests) == [
                "spawn", "validate_target", "kill", "kill_by_pid", "nudge", "capture", "status", "version", "watchers",
                "doctor", "events", "stop", "mcp_bridge", "shim_launch", "shim_ready", "shim_exit",
            ])
        let responses = try RuntimeRPCFixtures.responses.map { try RPCResponse(line: bytes($0)).type }
        #expect(
            Set(responses) == [
                "spawned", "validate_target", "status", "kill_by_pid", "nudge", "capture", "version", "watchers",
                "doctor", "events", "cursor_expired", "mcp_bridge", "shim_launch", "ack", "stopping", "error",
            ])
    }

    @Test func `what the examples say is what is read`() throws {
        let id: SessionID = "019cad10-4e20-7b31-a6f0-5d2c9be01a02"
        let spawn = SpawnRequest(
            sessionID: id, runtime: "codex", cwd: "/srv/work/beta",
            target: .tmux(PaneAddress(session: "agents", window: 2, pane: 1)))
        #expect(try RPCRequest(line: bytes(RuntimeRPCFixtures.requests[1])) == .spawn(spawn))
        let other: SessionID = "019cad10-4e20-7b31-a6f0-5d2c9be01a01"
        let filter = StatusFilter(
            sessionIDs: [other, id], updatedSince: PreciseTime(rfc3339: "2026-03-02T08:00:00Z"), runtime: "codex",
            state: "running")
        #expect(RuntimeRPCFixtures.requests.contains { (try? RPCRequest(line: bytes($0))) == .status(filter) })
        let times = PreciseTime(nanoseconds: 1_772_439_330_120_000_000)
        let ready = ShimReady(sessionID: other, shimPID: 48210, runtimePID: 48211, startTime: times)
        #expect(RuntimeRPCFixtures.requests.contains { (try? RPCRequest(line: bytes($0))) == .shimReady(ready) })
        let exit = RPCRequest.shimExit(other, RuntimeExit(code: 0))
        #expect(RuntimeRPCFixtures.requests.contains { (try? RPCRequest(line: bytes($0))) == exit })
    }
}
