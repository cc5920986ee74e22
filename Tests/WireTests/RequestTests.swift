import Bytes
import Fleet
import Testing
import Wire

@Suite struct RequestTests {
    // MARK: Bodies

    @Test func `strict bodies refuse what they do not know`() throws {
        #expect(try InputBody(body: ["data": "ls\r"]).data == "ls\r")
        #expect(throws: InvalidBody([FieldError(path: "mode", message: "is not known here")])) {
            try InputBody(body: ["data": "ls", "mode": "raw"])
        }
        #expect(throws: InvalidBody.self) { try InputBody(body: [:]) }
        #expect(throws: InvalidBody.self) { try InputBody(body: ["data": 1]) }
        #expect(throws: InvalidBody.self) { try StopBody(body: ["force": true]) }
        #expect(throws: InvalidBody.self) { try ApprovalBody(body: ["decision": "allow", "who": "me"]) }
    }

    @Test func `a stop is graceful unless it says otherwise`() throws {
        #expect(try StopBody(body: nil).graceful)
        #expect(try StopBody(body: [:]).graceful)
        #expect(try !StopBody(body: ["graceful": false]).graceful)
        #expect(throws: InvalidBody.self) { try StopBody(body: ["graceful": "no"]) }
        #expect(throws: InvalidBody.self) { try StopBody(body: []) }
    }

    @Test func `an approval is answered with allow or deny`() throws {
        let body = try ApprovalBody(body: ["decision": "deny", "note": "not now"])
        #expect(
            body.resolution(of: "a1", by: "u1")
                == ApprovalResolution(approvalID: "a1", decision: .deny, resolvedBy: "u1", note: "not now"))
        #expect(throws: InvalidBody.self) { try ApprovalBody(body: ["decision": "maybe"]) }
        #expect(throws: InvalidBody.self) { try ApprovalBody(body: [:]) }
        #expect(throws: InvalidBody.self) {
            try ApprovalBody(body: ["decision": "deny", "note": .string(String(repeating: "n", count: 2001))])
        }
    }

    @Test(arguments: [
        (1, 24, false), (2, 1, true), (500, 300, true), (501, 24, false), (80, 0, false), (80, 301, false),
    ])
    func `a terminal has a sensible size`(columns: Int, rows: Int, isFine: Bool) {
        let body: JSON = ["cols": .integer(columns), "rows": .integer(rows)]
        #expect(((try? ResizeBody(body: body)) != nil) == isFine)
    }

    @Test func `a signal is one of those that may be sent`() throws {
        #expect(try SignalBody(body: ["signal": "SIGUSR1"]).signal == .user1)
        #expect(throws: InvalidBody.self) { try SignalBody(body: ["signal": "SIGSTOP"]) }
        #expect(throws: InvalidBody.self) { try SignalBody(body: ["signal": 9]) }
        #expect(throws: InvalidBody.self) { try ResizeBody(body: [:]) }
    }

    // MARK: Queries

    @Test func `queries have defaults and bounds`() throws {
        let sessions = try SessionsQuery([])
        #expect(sessions.page == 1 && sessions.pageSize == 20)
        #expect(try SessionsQuery([("state", "RUNNING"), ("pageSize", "100")]).state == .running)
        #expect(throws: InvalidBody.self) { try SessionsQuery([("pageSize", "101")]) }
        #expect(throws: InvalidBody.self) { try SessionsQuery([("page", "0")]) }
        #expect(throws: InvalidBody.self) { try SessionsQuery([("state", "running")]) }
        #expect(try SessionEventsQuery([("afterSeq", "7")]).afterSequence == 7)
        #expect(throws: InvalidBody.self) { try SessionEventsQuery([("limit", "2001")]) }
        #expect(throws: InvalidBody.self) { try SessionEventsQuery([("afterSeq", "x")]) }
        #expect(try FleetQuery([]).limit == 200)
        #expect(try FleetQuery([("state", "live")]).filter.states == .live)
        #expect(try FleetQuery([("state", "FAILED"), ("origin", "launched")]).filter.states == .exactly(.failed))
        #expect(throws: InvalidBody.self) { try FleetQuery([("state", "dead")]) }
        let error = #expect(throws: InvalidBody.self) { try FleetQuery([("limit", "1001"), ("origin", "x")]) }
        #expect(error?.fields.map(\.path) == ["origin", "limit"])
    }

    @Test func `a stream of the journal goes on where it was`() throws {
        #expect(try JournalQuery([]).since == nil)
        #expect(try JournalQuery([("since", "4")]).since == 4)
        #expect(try JournalQuery([("since", "4")], lastEventID: "9").since == 9)
        #expect(throws: InvalidBody.self) { try JournalQuery([], lastEventID: "x") }
        let query = try JournalQuery([("types", "FILE_TOUCHED,USAGE_TICK"), ("limit", "5000")])
        let touch = JournalEvent(
            id: "e", at: Timestamp(milliseconds: 0), sessionID: "s",
            body: .runner(.fileTouched(FileTouch(path: "a", reason: .read))))
        #expect(query.includes(touch, session: nil))
        #expect(query.includes(touch, session: "s"))
        #expect(!query.includes(touch, session: "t"))
        #expect(try !JournalQuery([("types", "X")]).includes(touch, session: nil))
    }

    @Test(arguments: [
        ("", 0..<10), ("0", 0..<10), ("4", 4..<10), ("10", 10..<10), ("99", 10..<10), ("-3", 7..<10), ("-99", 0..<10),
        ("-9223372036854775808", 0..<10),
    ])
    func `output is asked for from either end`(from: String, range: Range<Int>) throws {
        #expect(try OutputQuery([("from", from)]).range(in: 10) == range)
        let limited = try OutputQuery([("from", from), ("limit", "2")]).range(in: 10)
        #expect(limited == range.lowerBound..<min(range.lowerBound + 2, 10))
    }

    // MARK: Errors

    @Test(arguments: [
        (RunnerError.sessionNotFound, 404, "SESSION_NOT_FOUND"), (.approvalNotFound, 404, "APPROVAL_NOT_FOUND"),
        (.invalidState(.completed), 409, "INVALID_STATE"),
        (.approvalConflict(recorded: .allow), 409, "APPROVAL_CONFLICT"),
        (.sessionLimitExceeded(limit: 10), 429, "SESSION_LIMIT_EXCEEDED"),
        (.noRunnerAvailable, 503, "NO_RUNNER_AVAILABLE"),
        (.providerNotSupported(.omnara), 400, "PROVIDER_NOT_SUPPORTED"),
        (.journal(.full), 503, "UNAVAILABLE"), (.internal("x"), 500, "INTERNAL_ERROR"),
    ])
    func `a runner's refusal has its code`(error: RunnerError, status: Int, code: String) {
        let envelope = ErrorEnvelope(error)
        #expect(envelope.status == status)
        #expect(envelope.json(requestID: "r")["error"]?["code"]?.string == code)
    }

    @Test func `a fault of our own keeps its details to itself`() {
        let json = ErrorEnvelope(.internalError, "the table is gone", details: ["sql": "…"]).json(requestID: "r")
        #expect(json == ["error": ["code": "INTERNAL_ERROR", "message": "Internal Server Error"], "requestId": "r"])
    }

    @Test func `an id that means several is told which`() throws {
        let error = #expect(throws: ErrorEnvelope.self) { try ErrorEnvelope.resolve(.ambiguous(["a1", "a2"])) }
        #expect(error?.status == 409)
        #expect(error?.details == ["matches": ["a1", "a2"]])
        #expect(try ErrorEnvelope.resolve(.found("s")) == "s")
    }
}
