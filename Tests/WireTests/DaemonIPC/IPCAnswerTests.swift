import Bytes
import Fleet
import Testing
import Wire

private func text(_ line: [UInt8]) -> String { String(decoding: line, as: UTF8.self) }

/// The envelope of answers (daemon-ipc §1.5), written by the daemon and read by a client.
@Suite struct IPCAnswerTests {
    @Test func `an answer is one line with the id of its request`() {
        #expect(
            text(IPCResponse.success(id: "req-1") { $0.append(literal: "[1,2]") })
                == #"{"ok":true,"id":"req-1","data":[1,2]}"# + "\n")
        #expect(text(IPCResponse.success(id: nil, EventAccepted())) == #"{"ok":true,"data":{"accepted":true}}"# + "\n")
        #expect(text(IPCResponse.success(id: "", [TombstoneEntry]())) == #"{"ok":true,"id":"","data":[]}"# + "\n")
        #expect(
            text(IPCResponse.failure(IPCError(.invalidParams, "a \"b\"\nc", id: "é\n")))
                == #"{"ok":false,"id":"é\n","error":{"code":"invalid_params","message":"a \"b\"\nc"}}"# + "\n")
        #expect(
            text(IPCResponse.failure(IPCError(.emptyRequest, "so")))
                == #"{"ok":false,"error":{"code":"empty_request","message":"so"}}"# + "\n")
    }

    @Test(arguments: IPCErrorCode.allCases)
    func `every code comes across`(code: IPCErrorCode) throws {
        for id in [nil, "a"] {
            let error = IPCError(code, "it was so", id: id)
            #expect(try IPCAnswer(line: IPCResponse.failure(error)) == .failure(error))
            #expect(error.description == "\(code.rawValue): it was so")
        }
    }

    @Test func `refusals of the transport have their codes and no id`() {
        let errors: [(IPCError, IPCErrorCode)] = [
            (.tooManyConnections, .tooManyConnections), (.unauthorizedPeer, .unauthorizedPeer),
            (.readTimeout, .readTimeout), (.readError, .readError), (.requestTooLarge, .requestTooLarge),
        ]
        for (error, code) in errors {
            #expect(error.code == code)
            #expect(error.id == nil)
            #expect(!error.message.isEmpty)
        }
    }

    @Test(arguments: [
        #"{"ok":true,"data":{"accepted":true}}"#, #"{"ok":true,"id":null,"data":{"accepted":true}}"# + "\n",
        #"{"x":[1],"data":{"y":null,"accepted":true},"error":null,"ok":true}"# + "\nrest {",
    ])
    func `a success gives its value`(line: String) throws {
        let answer = try IPCAnswer(line: bytes(line))
        #expect(try answer.value(as: EventAccepted.self) == EventAccepted())
    }

    @Test func `data of null is data`() throws {
        #expect(try IPCAnswer(line: bytes(#"{"ok":true,"data":null}"#)) == .success(id: nil, data: .null))
    }

    @Test func `a failure is thrown where a value is asked for`() throws {
        let error = IPCError(.sessionsError, "the disk is full", id: "a")
        let answer = try IPCAnswer(line: IPCResponse.failure(error))
        #expect(throws: IPCAnswerError.refused(error)) { try answer.value(as: [SessionEntry].self) }
        #expect(
            IPCAnswerError.refused(error).description == "the daemon refuses: sessions_error: the disk is full")
    }

    @Test func `data of another shape is not understood`() throws {
        let answer = try IPCAnswer(line: IPCResponse.success(id: nil, EventAccepted()))
        let error = FieldError(path: "data.pid", message: "is required")
        #expect(throws: IPCAnswerError.unreadable(error)) { try answer.value(as: ProcessLivenessReport.self) }
        #expect(
            IPCAnswerError.unreadable(error).description
                == "the daemon's answer is not understood: data.pid is required; is it of another version?")
    }

    @Test(arguments: [
        "", "\n", "{", "[]", "{}", #"{"ok":true}"#, #"{"ok":1,"data":{}}"#, #"{"data":{}}"#,
        #"{"ok":true,"id":7,"data":{}}"#, #"{"ok":false}"#, #"{"ok":false,"error":null}"#,
        #"{"ok":false,"error":"no"}"#, #"{"ok":false,"error":{"code":"invalid_json"}}"#,
        #"{"ok":false,"error":{"message":"m"}}"#, #"{"ok":false,"error":{"code":"too_tired","message":"m"}}"#,
    ])
    func `what is no answer is not understood`(line: String) {
        #expect(throws: FieldError.self) { try IPCAnswer(line: bytes(line)) }
    }

    @Test func `a health of all words stays far below what clients take`() {
        let time = Timestamp(milliseconds: 0)
        let counters = ReconcileHealth.Counters(
            runs: .max, repairedSessions: .max, lastRunAt: time, lastRepairAt: time)
        let report = HealthReport(
            pid: .max, version: "0.1.27", security: SecurityHealth(rejectedConnections: .max),
            runtime: RuntimeHealth(activeConnections: 64, buildHash: "0123456789ab"),
            reconcile: ReconcileHealth(startup: counters, periodic: counters), routing: RoutingHealth(),
            backoff: BackoffHealth(startsInWindow: .max, lastStart: time, nextBackoffSeconds: 60))
        #expect(IPCResponse.success(id: "a", report).count < 4096)
    }
}
