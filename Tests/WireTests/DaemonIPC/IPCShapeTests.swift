import Bytes
import Fleet
import Testing
import Wire

private let time = Timestamp(milliseconds: 1_769_774_400_999)  // 2026-01-30T12:00:00.999Z

/// Writes a value, compares it with the text of the contract, and reads it back from there.
private func expect<Value: IPCValue & Equatable>(
    _ value: Value, is text: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let json = try JSON(parsing: text)
    #expect(
        try JSON(parsing: value.encoded(), duplicateKeys: .reject) == json,
        "\(String(decoding: value.encoded(), as: UTF8.self))", sourceLocation: sourceLocation)
    #expect(try Value(json: json).encoded() == value.encoded(), sourceLocation: sourceLocation)
}

/// The answers of daemon-ipc §2.2 to §2.11 against texts written by hand.
@Suite struct IPCShapeTests {
    @Test func `shells stand under their process`() throws {
        try expect(ShellStateReport(shells: [:]), is: #"{"version":1,"shells":{}}"#)
        try expect(
            ShellStateReport(shells: [
                4_294_967_295: .init(cwd: "/", tty: "/dev/pts/3", updatedAt: time),
                1234: .init(
                    cwd: "/home/ada/é", tty: "/dev/pts/1", parentApp: "tmux", tmuxSession: "dev",
                    tmuxClientTTY: "/dev/pts/2", updatedAt: time),
            ]),
            is: #"""
                {"version":1,"shells":{
                  "1234":{"cwd":"/home/ada/é","tty":"/dev/pts/1","parent_app":"tmux","tmux_session":"dev",
                    "tmux_client_tty":"/dev/pts/2","updated_at":"2026-01-30T12:00:00Z"},
                  "4294967295":{"cwd":"/","tty":"/dev/pts/3","updated_at":"2026-01-30T12:00:00Z"}}}
                """#)
        #expect(throws: FieldError(path: "shells.x", message: "must be the number of a process")) {
            try ShellStateReport(json: ["version": 1, "shells": ["x": [:]]])
        }
        #expect(throws: FieldError(path: "shells.7.tty", message: "is required")) {
            try ShellStateReport(json: ["version": 1, "shells": ["7": ["cwd": "/"]]])
        }
    }

    @Test func `shells are written by process`() {
        let shell = ShellStateReport.Shell(cwd: "/", tty: "t", updatedAt: time)
        let text = String(
            decoding: ShellStateReport(shells: [30: shell, 4: shell, 100: shell]).encoded(), as: UTF8.self)
        let places = ["\"4\"", "\"30\"", "\"100\""].compactMap { text.firstRange(of: $0)?.lowerBound }
        #expect(places.count == 3)
        #expect(places == places.sorted())
    }

    @Test func `a process is found or not`() throws {
        try expect(ProcessLivenessReport.notFound(pid: 12345), is: #"{"found":false,"pid":12345}"#)
        try expect(
            ProcessLivenessReport.found(
                .init(
                    pid: 12345, procStarted: 1_706_570_812, currentStartTime: 1_706_570_812, lastSeenAt: time,
                    isAlive: true, identityMatches: true)),
            is: #"""
                {"pid":12345,"proc_started":1706570812,"current_start_time":1706570812,
                 "last_seen_at":"2026-01-30T12:00:00Z","is_alive":true,"identity_matches":true}
                """#)
        try expect(
            ProcessLivenessReport.found(.init(pid: 7, lastSeenAt: time, isAlive: false)),
            is: #"{"pid":7,"last_seen_at":"2026-01-30T12:00:00Z","is_alive":false}"#)
    }

    @Test func `routing says where and why`() throws {
        let snapshot = RoutingSnapshot(
            workspaceID: "workspace-1", projectPath: "/home/ada/capacitor", status: .attached,
            target: .tmuxSession("caps"), confidence: .high, reasonCode: .tmuxClientAttached,
            reason: "Attached tmux client detected.",
            evidence: [
                RoutingEvidence(kind: .tmuxClient, value: "/dev/pts/15", ageMilliseconds: 120, trustRank: 1),
                RoutingEvidence(kind: .tmuxPanePath, value: "unknown", ageMilliseconds: .max, trustRank: 255),
            ], updatedAt: time)
        let text = #"""
            {"version":1,"workspace_id":"workspace-1","project_path":"/home/ada/capacitor","status":"attached",
             "target":{"kind":"tmux_session","value":"caps"},"confidence":"high",
             "reason_code":"TMUX_CLIENT_ATTACHED","reason":"Attached tmux client detected.",
             "evidence":[{"evidence_type":"tmux_client","value":"/dev/pts/15","age_ms":120,"trust_rank":1},
               {"evidence_type":"tmux_pane_path","value":"unknown","age_ms":18446744073709551615,"trust_rank":255}],
             "updated_at":"2026-01-30T12:00:00Z"}
            """#
        try expect(snapshot, is: text)
        try expect(
            RoutingDiagnostics(
                snapshot: snapshot, tmuxClientAgeMilliseconds: 250, shellCwdAgeMilliseconds: 0,
                candidateTargets: [.tmuxSession("caps"), .terminalApp("kitty"), .tmuxSession("caps")],
                conflicts: [.routingConflictDetected, .routingScopeAmbiguous], scopeResolution: .workspaceAmbiguous),
            is: #"""
                {"snapshot":\#(text),"signal_ages_ms":{"tmux_client":250,"shell_cwd":0},
                 "candidate_targets":[{"kind":"tmux_session","value":"caps"},
                   {"kind":"terminal_app","value":"kitty"},{"kind":"tmux_session","value":"caps"}],
                 "conflicts":["ROUTING_CONFLICT_DETECTED","ROUTING_SCOPE_AMBIGUOUS"],
                 "scope_resolution":"workspace_ambiguous"}
                """#)
    }

    @Test func `routing that leads nowhere has no value and no evidence`() throws {
        let snapshot = RoutingSnapshot(
            workspaceID: "w", projectPath: "/p", status: .unavailable, target: .none, confidence: .low,
            reasonCode: .noTrustedEvidence, reason: "", evidence: [], updatedAt: time)
        let text = #"""
            {"version":1,"workspace_id":"w","project_path":"/p","status":"unavailable","target":{"kind":"none"},
             "confidence":"low","reason_code":"NO_TRUSTED_EVIDENCE","reason":"","evidence":[],
             "updated_at":"2026-01-30T12:00:00Z"}
            """#
        try expect(snapshot, is: text)
        try expect(
            RoutingDiagnostics(snapshot: snapshot, shellCwdAgeMilliseconds: 7, scopeResolution: .globalFallback),
            is: #"""
                {"snapshot":\#(text),"signal_ages_ms":{"shell_cwd":7},"candidate_targets":[],"conflicts":[],
                 "scope_resolution":"global_fallback"}
                """#)
    }

    @Test func `the words of routing are those of the contract`() {
        #expect(RoutingSnapshot.Status.allCases.map(\.rawValue) == ["attached", "detached", "unavailable"])
        #expect(RoutingSnapshot.Confidence.allCases.map(\.rawValue) == ["high", "medium", "low"])
        #expect(
            RoutingSnapshot.ReasonCode.allCases.map(\.rawValue) == [
                "TMUX_CLIENT_ATTACHED", "TMUX_SESSION_DETACHED", "SHELL_FALLBACK_ACTIVE", "SHELL_FALLBACK_STALE",
                "NO_TRUSTED_EVIDENCE",
            ])
        #expect(
            RoutingDiagnostics.Scope.allCases.map(\.rawValue) == [
                "workspace_binding_exact", "workspace_binding_pattern", "path_exact", "session_name_exact",
                "path_parent", "global_fallback", "workspace_ambiguous",
            ])
        #expect(
            RoutingEvidence.Kind.allCases.map(\.rawValue) == [
                "tmux_client", "tmux_session", "tmux_pane_path", "shell_cwd",
            ])
    }

    @Test func `the configuration has its defaults`() throws {
        try expect(
            ConfigReport(),
            is: #"""
                {"tmux_signal_fresh_ms":5000,"shell_signal_fresh_ms":600000,"shell_retention_hours":24,
                 "tmux_poll_interval_ms":1000}
                """#)
    }

    @Test func `sessions leave out what is not known`() throws {
        try expect([SessionEntry](), is: "[]")
        try expect(
            [
                SessionEntry(
                    sessionID: "s1", pid: 42, state: "ready", cwd: "/w", projectID: "/w/.git", workspaceID: "w",
                    projectPath: "/w", updatedAt: time, stateChangedAt: time, lastEvent: "stop", lastActivityAt: time,
                    toolsInFlight: 3, readyReason: "stop_gate", isAlive: true),
                SessionEntry(
                    sessionID: "s2", pid: 0, state: "idle", cwd: "", projectID: "", workspaceID: "", projectPath: "",
                    updatedAt: time, stateChangedAt: time),
            ],
            is: #"""
                [{"session_id":"s1","pid":42,"state":"ready","cwd":"/w","project_id":"/w/.git","workspace_id":"w",
                  "project_path":"/w","updated_at":"2026-01-30T12:00:00Z","state_changed_at":"2026-01-30T12:00:00Z",
                  "last_event":"stop","last_activity_at":"2026-01-30T12:00:00Z","tools_in_flight":3,
                  "ready_reason":"stop_gate","is_alive":true},
                 {"session_id":"s2","pid":0,"state":"idle","cwd":"","project_id":"","workspace_id":"",
                  "project_path":"","updated_at":"2026-01-30T12:00:00Z","state_changed_at":"2026-01-30T12:00:00Z",
                  "tools_in_flight":0}]
                """#)
    }

    @Test func `projects have all their keys`() throws {
        try expect(
            [
                ProjectStateEntry(
                    projectID: "/w/.git", workspaceID: "w", projectPath: "/w", state: "working", stateChangedAt: time,
                    updatedAt: time, sessionID: "s1", latestSessionID: "s2", sessionCount: 2, activeCount: 1,
                    hasSession: true),
                ProjectStateEntry(
                    projectID: "", workspaceID: "", projectPath: "/x", state: "idle", stateChangedAt: time,
                    updatedAt: time, sessionID: nil, latestSessionID: nil, sessionCount: 1, activeCount: 0,
                    hasSession: false),
            ],
            is: #"""
                [{"project_id":"/w/.git","workspace_id":"w","project_path":"/w","state":"working",
                  "state_changed_at":"2026-01-30T12:00:00Z","updated_at":"2026-01-30T12:00:00Z","session_id":"s1",
                  "latest_session_id":"s2","session_count":2,"active_count":1,"has_session":true},
                 {"project_id":"","workspace_id":"","project_path":"/x","state":"idle",
                  "state_changed_at":"2026-01-30T12:00:00Z","updated_at":"2026-01-30T12:00:00Z","session_id":null,
                  "latest_session_id":null,"session_count":1,"active_count":0,"has_session":false}]
                """#)
    }

    @Test func `activity and tombstones have all their keys`() throws {
        try expect(
            [
                ActivityEntry(
                    sessionID: "s", projectPath: "/w", filePath: "/w/a.swift", toolName: "Edit", recordedAt: time),
                ActivityEntry(sessionID: "s", projectPath: "/w", filePath: "/w/b", recordedAt: time),
            ],
            is: #"""
                [{"session_id":"s","project_path":"/w","file_path":"/w/a.swift","tool_name":"Edit",
                  "recorded_at":"2026-01-30T12:00:00Z"},
                 {"session_id":"s","project_path":"/w","file_path":"/w/b","tool_name":null,
                  "recorded_at":"2026-01-30T12:00:00Z"}]
                """#)
        try expect(
            [TombstoneEntry(sessionID: "s", createdAt: time, expiresAt: time + 60_000)],
            is: #"""
                [{"session_id":"s","created_at":"2026-01-30T12:00:00Z","expires_at":"2026-01-30T12:01:00Z"}]
                """#)
    }

    @Test func `an event is accepted, also twice`() throws {
        try expect(EventAccepted(), is: #"{"accepted":true}"#)
        try expect(EventAccepted(duplicate: true), is: #"{"accepted":true,"duplicate":true}"#)
        #expect(throws: FieldError.self) { try EventAccepted(json: ["accepted": false]) }
    }

    // MARK: Readers (omitted is null, unknown keys are passed over)

    @Test func `readers take what other daemons write`() throws {
        let shell = try ShellStateReport(
            json: [
                "version": 1, "x": 1,
                "shells": [
                    "7": [
                        "cwd": "/", "tty": "t", "parent_app": nil, "tmux_session": nil, "tmux_client_tty": nil,
                        "updated_at": "2026-01-30T12:00:00.123456789+00:00", "x": [:],
                    ]
                ],
            ])
        #expect(
            shell.shells == [7: .init(cwd: "/", tty: "t", updatedAt: Timestamp(milliseconds: 1_769_774_400_123))])
        let liveness = try ProcessLivenessReport(
            json: [
                "found": true, "pid": 7, "proc_started": nil, "current_start_time": nil, "identity_matches": nil,
                "last_seen_at": "2026-01-30T12:00:00+00:00", "is_alive": false,
            ])
        #expect(
            liveness
                == .found(.init(pid: 7, lastSeenAt: Timestamp(milliseconds: 1_769_774_400_000), isAlive: false)))
        #expect(try RoutingTarget(json: ["kind": "none", "value": nil]) == .none)
        #expect(try EventAccepted(json: ["accepted": true, "duplicate": nil]) == EventAccepted())
        let rows = try [ActivityEntry](json: [
            ["session_id": "s", "project_path": "/", "file_path": "/f", "recorded_at": "2026-01-30T12:00:00Z"]
        ])
        #expect(rows.first?.toolName == nil)
    }

    @Test func `readers say which row is wrong`() {
        let row: JSON = ["session_id": "s", "created_at": "2026-01-30T12:00:00Z", "expires_at": "soon"]
        let good: JSON = [
            "session_id": "s", "created_at": "2026-01-30T12:00:00Z", "expires_at": "2026-01-30T12:00:00Z",
        ]
        #expect(throws: FieldError(path: "[1].expires_at", message: "must be an RFC 3339 time with an offset")) {
            try [TombstoneEntry](json: [good, row])
        }
        #expect(throws: FieldError(message: "must be an array")) { try [TombstoneEntry](json: good) }
    }
}
