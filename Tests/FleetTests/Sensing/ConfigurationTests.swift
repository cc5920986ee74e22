import Fleet
import Testing

/// daemon-ipc §6.10.
@Suite struct SensingConfigurationTests {
    @Test(arguments: ["", "\n\n", "# nothing\n", "[other]\nkey = 1\n"])
    func `without a word of it the defaults hold`(text: String) {
        #expect(SensingConfiguration(parsing: text) == SensingConfiguration())
        let routing = SensingConfiguration().routing
        #expect(!routing.isEnabled)
        #expect(routing.tmuxSignalFresh == 5000)
        #expect(routing.shellSignalFresh == 600_000)
        #expect(routing.shellRetentionHours == 24)
        #expect(routing.tmuxPollInterval == 1000)
        #expect(routing.isDualRunEnabled)
        #expect(SensingConfiguration().engine.isEnabled)
        #expect(SensingConfiguration().engine.mode == "primary")
        #expect(SensingConfiguration().sensing.stopGateGrace == 3000)
    }

    @Test func `all that matters is read`() {
        let found = SensingConfiguration(
            parsing: """
                # how terminals are found
                [routing]
                enabled = true            # on
                tmux_signal_fresh_ms = 7_000
                shell_signal_fresh_ms = +90
                shell_retention_hours = 0
                tmux_poll_interval_ms = 50
                later = "ignored"

                [routing.workspace_bindings]
                "43930e66" = { preferred_sessions = ["a", 'b#c'], path_patterns = ["/x/**",] }
                bf98 = { preferred_sessions = [] }

                [routing.feature_flags]
                dual_run = false
                emit_diagnostics = false

                [engine]
                mode = "shadow"

                [ttl]
                active_secs = 1
                ready_secs = 2
                idle_secs = 3
                auto_ready_secs = 4
                stop_gate_grace_secs = 20
                """)
        #expect(found.warnings.isEmpty)
        #expect(found.routing.isEnabled)
        #expect(found.routing.tmuxSignalFresh == 7000)
        #expect(found.routing.shellSignalFresh == 90)
        #expect(found.routing.shellRetentionHours == 0)
        #expect(found.routing.tmuxPollInterval == 50)
        #expect(!found.routing.isDualRunEnabled)
        #expect(!found.routing.emitsDiagnostics)
        #expect(
            found.routing.bindings == [
                "43930e66": WorkspaceBinding(preferredSessions: ["a", "b#c"], pathPatterns: ["/x/**"]),
                "bf98": WorkspaceBinding(),
            ])
        #expect(!found.engine.isEnabled)
        #expect(found.engine.mode == "shadow")
        #expect(!found.engine.isShadow)
        #expect(found.sensing.activeTTL == 1000)
        #expect(found.sensing.readyTTL == 2000)
        #expect(found.sensing.idleTTL == 3000)
        #expect(found.sensing.autoReady == 4000)
        #expect(found.sensing.stopGateGrace == 20_000)
    }

    @Test func `headers and keys may be dotted`() {
        let found = SensingConfiguration(
            parsing: """
                routing.feature_flags.dual_run = false
                routing . "enabled" = true
                engine = { enabled = true, mode = 'shadow' }
                [routing.workspace_bindings."w"]
                preferred_sessions = [
                    "a", # first
                    "b"
                ]
                """.replacingNewlines(with: "\r\n"))
        #expect(found.warnings.isEmpty)
        #expect(found.routing.isEnabled)
        #expect(!found.routing.isDualRunEnabled)
        #expect(found.routing.bindings["w"]?.preferredSessions == ["a", "b"])
        #expect(found.engine.isShadow)
    }

    @Test(arguments: [
        ("[routing]\nenabled = 1", "routing.enabled"), ("[routing]\ntmux_signal_fresh_ms = -1", "tmux_signal_fresh_ms"),
        ("[routing]\ntmux_signal_fresh_ms = 1.5", "tmux_signal_fresh_ms"),
        ("[routing]\nshell_retention_hours = \"24\"", "shell_retention_hours"),
        ("[routing.feature_flags]\ndual_run = \"no\"", "routing.feature_flags.dual_run"),
        ("[ttl]\nidle_secs = 9223372036854775807", "ttl.idle_secs"),
        ("[routing.workspace_bindings]\nw = { path_patterns = [1] }", "routing.workspace_bindings.w.path_patterns"),
    ])
    func `a value of another kind keeps its default, and is named`(text: String, key: String) {
        let found = SensingConfiguration(parsing: text)
        #expect(found.warnings.count == 1)
        #expect(found.warnings.first?.contains(key) == true)
        var plain = found.routing
        plain.bindings = [:]
        #expect(plain == RoutingSettings())
        #expect(found.sensing == SensingSettings())
    }

    @Test(arguments: [
        ("a = 1\nb", 2), ("a", 1), ("= 1", 1), ("[a", 1), ("[a]]", 1), ("[[a]]", 1), ("a = ", 1), ("a = \"x", 1),
        ("a = \"x\n\"", 1), ("a = [1, 2", 1), ("a = [1 2]", 1), ("a = { b = 1", 1), ("a = { b 1 }", 1),
        ("a = 1 2", 1), ("a = 1\na = 2", 2), ("a = 1\na.b = 2", 2), ("[a]\n[a]", 2), ("a = \"\\x\"", 1),
        ("a = \"\\uD800\"", 1), ("a = \"\\u00G0\"", 1), ("a = \"\"\"x\"\"\"", 1), ("a = 01", 1), ("a = 1__2", 1),
        ("a = _1", 1), ("a = 9223372036854775808", 1), ("a = 2026-01-01", 1), ("a = yes", 1), ("\n\na..b = 1", 3),
        ("a = 1.", 1), ("a = 1 = 2", 1),
    ])
    func `a text that is no TOML gives defaults and says where`(text: String, line: Int) throws {
        let error = try #require(throws: TOMLError.self) { try TOML(parsing: text) }
        #expect(error.line == line)
        let found = SensingConfiguration(parsing: text + "\n[routing]\nenabled = true\n")
        #expect(found.routing == RoutingSettings())
        #expect(found.warnings.count == 1)
    }

    @Test(arguments: [
        ("1", TOML.integer(1)), ("-17", .integer(-17)), ("0", .integer(0)), ("1_000", .integer(1000)),
        ("-9223372036854775808", .integer(.min)), ("1.5", .float(1.5)), ("6.02e23", .float(6.02e23)),
        ("-1e-2", .float(-0.01)), ("true", .bool(true)), ("false", .bool(false)), ("\"\"", .string("")),
        ("'a\\n'", .string("a\\n")), ("\"a\\n\\t\\\"\\\\\\u00e9\\U0001F600\"", .string("a\n\t\"\\é😀")),
        ("[]", .array([])), ("[1, [2, 'x'], ]", .array([.integer(1), .array([.integer(2), .string("x")])])),
        ("{}", .table([:])),
        ("{ a.b = 1, c = [true] }", .table(["a": .table(["b": .integer(1)]), "c": .array([.bool(true)])])),
    ])
    func `values are read as they are written`(text: String, value: TOML) throws {
        #expect(try TOML(parsing: "k = " + text + " # end") == .table(["k": value]))
    }

    @Test func `nothing is so deep that reading it fails`() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: TOMLError.self) { try TOML(parsing: "a = " + deep) }
        #expect(throws: TOMLError.self) { try TOML(parsing: String(repeating: "a.", count: 100_000) + "a = 1") }
    }
}

extension String {
    fileprivate func replacingNewlines(with text: String) -> String {
        split(separator: "\n", omittingEmptySubsequences: false).joined(separator: text)
    }
}
