import Bytes
import Fleet
import Testing

@Suite struct EventTests {
    @Test(arguments: Samples.bodies)
    func `a runner event comes back from its JSON`(body: RunnerEvent.Body) throws {
        let event = RunnerEvent(
            sessionID: Samples.session, orgID: "u1", repoRef: .local(path: "/p", name: nil, defaultBranch: nil),
            timestamp: Samples.noon, sequence: 57, body: body)
        #expect(try RunnerEvent(json: event.json) == event)
        #expect(try RunnerEvent(json: JSON(parsing: event.encoded())) == event)
        #expect(try JSON(parsing: event.encoded()) == JSON(parsing: event.json.encoded()))
    }

    @Test(arguments: Samples.bodies.filter { $0.kind != .terminalChunk })
    func `a runner event comes back from the journal`(body: RunnerEvent.Body) throws {
        let event = RunnerEvent(
            sessionID: Samples.session, orgID: "u1", timestamp: Samples.noon, sequence: 57, body: body)
        let stored = JournalEvent(rowid: 9, id: "", event)
        let read = try JournalEvent(json: JSON(parsing: stored.json.encoded()))
        #expect(read == stored)
        #expect(read.runnerEvent(orgID: "u1", repoRef: nil) == event)
    }

    @Test(arguments: Samples.facts)
    func `one of our own facts comes back from the journal`(body: JournalEvent.Body) throws {
        let stored = JournalEvent(rowid: 9, id: "", at: Samples.noon, sessionID: Samples.session, body: body)
        #expect(try JournalEvent(json: JSON(parsing: stored.json.encoded())) == stored)
        #expect(try JournalEvent.Body(type: body.type, payload: body.payload) == body)
    }

    @Test func `every kind has a sample`() {
        #expect(Set(Samples.bodies.map(\.kind)) == Set(RunnerEvent.Kind.allCases))
    }

    @Test func `is one flat object, without the fields that are not there`() {
        let event = RunnerEvent(
            sessionID: "s", orgID: "o", timestamp: Timestamp(milliseconds: 5), sequence: 1,
            body: .sessionStateChanged(StateChange(from: .created, to: .preparingWorkspace)))
        #expect(
            event.json.text == #"{"type":"SESSION_STATE_CHANGED","sessionId":"s","orgId":"o","ts":5,"seq":1,"#
                + #""previousState":"CREATED","newState":"PREPARING_WORKSPACE"}"#)
    }

    @Test func `a configuration comes back whole, for the runner alone`() throws {
        var config = Samples.config
        config.environment = ["A_KEY": "secret", "B": ""]
        config.command = CommandSpec(argv: ["ls", "-l"], cwd: "/tmp", size: TerminalSize(columns: 10, rows: 5))
        config.mock = MockSpec(script: .flood, stepMs: 5)
        config.runnerID = .local
        #expect(try SessionConfig(json: JSON(parsing: config.json.encoded())) == config)
    }

    @Test func `an admission has the names of the environment and none of its values`() {
        var config = Samples.config
        config.environment = ["API": "hunter2hunter2", "B": "x"]
        config.command = CommandSpec(argv: ["curl", "--user", "me:hunter2hunter2"], cwd: "/")
        config.title = "use hunter2hunter2"
        let text = SessionCreated(config).json.text
        #expect(text.contains(#""envNames":["API","B"]"#))
        #expect(!text.contains("hunter2hunter2"))
    }

    @Test(arguments: [
        (#"{"type":"NOPE"}"#, "type"),
        (#"{"type":"FILE_TOUCHED","sessionId":"s","orgId":"o","ts":1,"seq":1,"path":"a","reason":"look"}"#, "reason"),
        (#"{"type":"FILE_TOUCHED","sessionId":"s","orgId":"o","ts":"x","seq":1,"path":"a","reason":"read"}"#, "ts"),
        (#"{"type":"FILE_TOUCHED","sessionId":"s","orgId":"o","ts":1,"seq":1.5,"path":"a","reason":"read"}"#, "seq"),
        (#"{"type":"FILE_TOUCHED","sessionId":"s","orgId":"o","ts":1,"seq":-1,"path":"a","reason":"read"}"#, "seq"),
        (
            #"{"type":"APPROVAL_REQUESTED","sessionId":"s","orgId":"o","ts":1,"seq":1,"approval":{"approvalId":1}}"#,
            "approval.approvalId"
        ),
        (
            #"{"type":"SESSION_ENDED","sessionId":"s","orgId":"o","ts":1,"seq":1,"finalState":"RUNNING"}"#,
            "finalState"
        ),
        (
            #"{"type":"DIFF_SUMMARY","sessionId":"s","orgId":"o","ts":1,"seq":1,"filesChanged":1,"linesAdded":0,"#
                + #""linesRemoved":0,"files":[{"path":"a","status":"odd"}]}"#, "files[0].status"
        ),
        ("[]", ""),
    ])
    func `says which field is wrong`(text: String, path: String) throws {
        let json = try JSON(parsing: text)
        let error = #expect(throws: FieldError.self) { try RunnerEvent(json: json) }
        #expect(error?.path == path)
    }

    @Test func `takes the risk called medium for med`() throws {
        var json = Samples.approval.json.object ?? [:]
        json["risk"] = "medium"
        #expect(try ApprovalRequest(json: .object(json)).risk == .medium)
    }

    @Test func `numbers events from one, and cuts what is too long`() {
        var numbering = RunnerEventNumbering(of: Samples.config)
        let long = String(repeating: "é", count: 600)
        let first = numbering.next(
            .sessionStateChanged(StateChange(from: .running, to: .failed, reason: long)), at: Samples.noon)
        #expect(first.sequence == 1)
        guard case .sessionStateChanged(let change) = first.body else { return }
        #expect(change.reason?.count == 500)
        let files = (0..<600).map { DiffSummary.File(path: "\($0)", status: .added, additions: 1, deletions: 0) }
        guard
            case .diffSummary(let diff) = numbering.next(.diffSummary(DiffSummary(files: files)), at: Samples.noon).body
        else { return }
        #expect(diff.files.count == 500)
        #expect(diff.filesChanged == 600)
        #expect(numbering.lastSequence == 2)
    }

    @Test func `whatever JSON comes in place of an event, it is read or refused`() throws {
        var random = Seeded(7)
        let texts = Samples.bodies.map { body in
            RunnerEvent(sessionID: "s", orgID: "o", timestamp: Samples.noon, sequence: 3, body: body).encoded()
        }
        for _ in 0..<20_000 {
            var bytes = random.pick(texts)
            for _ in 0..<random.int(1...3) {
                bytes[random.int(0...(bytes.count - 1))] = UInt8.random(in: 32...126, using: &random)
            }
            guard let json = try? JSON(parsing: bytes), let event = try? RunnerEvent(json: json) else { continue }
            let again = try RunnerEvent(json: JSON(parsing: event.encoded()))
            #expect(again == event)
        }
    }
}
