import Testing

@_spi(Fuzzing) import Wire

@Suite struct DaemonIPCFuzzTests {
    private static let requests = [
        #"{"protocol_version":1,"method":"get_health","id":"req-123","params":{}}"#,
        #"{"protocol_version":1,"method":"get_process_liveness","params":{"pid":12345}}"#,
        #"{"protocol_version":1,"method":"get_routing_snapshot","id":"a","params":{"project_path":" /w ","workspace_id":"x"}}"#,
        #"{"protocol_version":1,"method":"get_activity","params":{"session_id":"s","limit":5}}"#,
        #"{"protocol_version":1,"method":"event","id":"evt-1","params":{"event_id":"evt-1","recorded_at":"2026-01-30T07:00:00.123-05:00","event_type":"notification","session_id":"s","pid":7,"cwd":"/w","notification_type":"idle_prompt","metadata":{"a":[1.0,-0,1e3,{"b":null}]}}}"#,
        #"{"protocol_version":1,"method":"event","params":{"event_id":"e","recorded_at":"2016-12-31 23:59:60Z","event_type":"shell_cwd","pid":7,"cwd":"/w","tty":"/dev/pts/1","stop_hook_active":true}}"#,
    ]
    private static let answers = [
        #"{"ok":true,"id":"a","data":{"accepted":true,"duplicate":true}}"#,
        #"{"ok":false,"id":"a","error":{"code":"invalid_params","message":"project_path is required"}}"#,
        #"{"ok":true,"data":{"version":1,"shells":{"12":{"cwd":"/","tty":"t","updated_at":"2026-01-30T12:00:00.5Z"}}}}"#,
        #"{"ok":true,"data":{"pid":7,"last_seen_at":"2026-01-30T12:00:00Z","is_alive":true,"proc_started":1}}"#,
        #"{"ok":true,"data":[{"session_id":"s","created_at":"2026-01-30T12:00:00Z","expires_at":"2026-01-30T12:01:00+01:00"}]}"#,
        #"{"ok":true,"data":{"agreement_gate_target":0.995,"signal_ages_ms":{"tmux_client":250},"conflicts":[]}}"#,
    ]

    @Test func `any line is a request or refused, and what is read is written the same`() {
        var random = Seeded(11)
        for _ in 0..<20_000 {
            let line = mutated(Self.requests.randomElement(using: &random) ?? "", &random)
            let difference = DaemonIPCFuzzing.requestDifference(line)
            #expect(difference == nil, "\(String(decoding: line, as: UTF8.self))")
            if difference != nil { return }
        }
    }

    @Test func `any line is an answer or not understood, and what is read is written the same`() {
        var random = Seeded(12)
        for _ in 0..<10_000 {
            let line = mutated(Self.answers.randomElement(using: &random) ?? "", &random)
            let difference = DaemonIPCFuzzing.answerDifference(line)
            #expect(difference == nil, "\(String(decoding: line, as: UTF8.self))")
            if difference != nil { return }
        }
    }
}
