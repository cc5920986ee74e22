import Bytes
import Fleet
import Testing
import Wire

private let time = Timestamp(milliseconds: 1_771_081_200_987)  // 2026-02-14T15:00:00.987Z

private func object(_ value: some IPCValue) throws -> JSONObject {
    try #require(JSON(parsing: value.encoded(), duplicateKeys: .reject).object)
}

/// `get_health` as daemon-ipc §2.1 has it.
@Suite struct IPCHealthTests {
    private let fresh = HealthReport(
        pid: 12345, version: "0.1.27", security: SecurityHealth(rejectedConnections: 4),
        runtime: RuntimeHealth(activeConnections: 2, buildHash: "abc123def456"),
        reconcile: ReconcileHealth(startup: .init(runs: 1, lastRunAt: time)), routing: RoutingHealth(),
        backoff: BackoffHealth(startsInWindow: 1, lastStart: time))

    @Test func `a fresh daemon says what the contract lists`() throws {
        let expected = try JSON(
            parsing: #"""
                {"status":"ok","pid":12345,"version":"0.1.27","protocol_version":1,
                 "dead_session_reconcile_interval_secs":15,
                 "security":{"peer_auth_mode":"same_user","rejected_connections":4},
                 "runtime":{"active_connections":2,"max_active_connections":64,"build_hash":"abc123def456"},
                 "dead_session_reconcile":{"startup":{"runs":1,"repaired_sessions":0,
                   "last_run_at":"2026-02-14T15:00:00Z","last_repair_at":null}},
                 "hem_shadow":{"enabled":false,"mode":"primary",
                   "capability_status":{"strategy":"runtime_handshake","handshake_seen":false,
                     "confidence_penalty_factor":1.0,"unknown_count":0,"misdeclared_count":0,"warning_count":0},
                   "events_evaluated":0,"projects_evaluated":0,"mismatches_total":0,
                   "mismatches_by_category":{},"mismatches_by_severity":{},"gate_blocking_mismatches":0,
                   "gate_critical_mismatches":0,"gate_important_mismatches":0,"stable_state_samples":0,
                   "stable_state_matches":0,"stable_state_agreement_rate":0.0,
                   "stable_state_agreement_gate_target":0.995,"stable_state_agreement_gate_met":false,
                   "shadow_gate_ready":false,"blocking_mismatch_rate":0.0},
                 "routing":{"enabled":false,"dual_run_enabled":true,
                   "feature_flags":{"dual_run":true,"emit_diagnostics":false},"snapshots_emitted":0,
                   "dual_run_comparisons":0,"legacy_vs_are_status_mismatch":0,"legacy_vs_are_target_mismatch":0,
                   "confidence_high":0,"confidence_medium":0,"confidence_low":0,
                   "rollout":{"agreement_gate_target":0.995,"min_comparisons_required":1000,
                     "min_window_hours_required":168,"comparisons":0,"volume_gate_met":false,
                     "window_gate_met":false,"status_gate_met":false,"target_gate_met":false,
                     "status_row_default_ready":false,"launcher_default_ready":false}},
                 "backoff":{"starts_in_window":1,"window_secs":120,"max_starts":3,"backoff_step_secs":10,
                   "max_backoff_secs":60,"last_start":"2026-02-14T15:00:00Z","next_backoff_secs":null}}
                """#)
        let written = try JSON(parsing: fresh.encoded(), duplicateKeys: .reject)
        #expect(written == expected)
        let again = try HealthReport(json: written)
        #expect(again.encoded() == fresh.encoded())
    }

    @Test func `what has happened is told`() throws {
        var report = fresh
        report.reconcile.startup?.lastRepairAt = time
        report.reconcile.periodic = .init(runs: 5, repairedSessions: 2, lastRunAt: time, lastRepairAt: time)
        report.hemShadow.mode = .shadow
        report.hemShadow.strategy = .configOnly
        report.backoff?.nextBackoffSeconds = 10
        report.routing = RoutingHealth(
            enabled: true, dualRun: true, emitDiagnostics: true, snapshotsEmitted: 1010, dualRunComparisons: 1010,
            statusMismatches: 4, targetMismatches: 6, highConfidence: 900, mediumConfidence: 90, lowConfidence: 20,
            lastSnapshotAt: time,
            rollout: RolloutHealth(
                comparisons: 1010, volumeGateMet: true, windowGateMet: true, statusAgreementRate: 1,
                targetAgreementRate: 0.994, firstComparisonAt: time, lastComparisonAt: time, windowElapsedHours: 192,
                statusGateMet: true))
        let written = try object(report)
        #expect(
            written["dead_session_reconcile"]?["periodic"]
                == [
                    "runs": 5, "repaired_sessions": 2, "last_run_at": "2026-02-14T15:00:00Z",
                    "last_repair_at": "2026-02-14T15:00:00Z",
                ])
        #expect(written["hem_shadow"]?["mode"] == "shadow")
        #expect(written["hem_shadow"]?["capability_status"]?["strategy"] == "config_only")
        #expect(written["backoff"]?["next_backoff_secs"] == 10)
        #expect(written["routing"]?["last_snapshot_at"] == "2026-02-14T15:00:00Z")
        #expect(
            written["routing"]?["rollout"]
                == [
                    "agreement_gate_target": 0.995, "min_comparisons_required": 1000,
                    "min_window_hours_required": 168, "comparisons": 1010, "volume_gate_met": true,
                    "window_gate_met": true, "status_agreement_rate": 1.0, "target_agreement_rate": 0.994,
                    "first_comparison_at": "2026-02-14T15:00:00Z", "last_comparison_at": "2026-02-14T15:00:00Z",
                    "window_elapsed_hours": 192, "status_gate_met": true, "target_gate_met": false,
                    "status_row_default_ready": true, "launcher_default_ready": false,
                ])
        #expect(try HealthReport(json: JSON(parsing: report.encoded())).encoded() == report.encoded())
    }

    @Test(arguments: [
        (false, false, false, false), (true, false, true, false), (false, true, false, false), (true, true, true, true),
    ])
    func `the launcher needs both gates`(status: Bool, target: Bool, row: Bool, launcher: Bool) {
        let rollout = RolloutHealth(statusGateMet: status, targetGateMet: target)
        #expect(rollout.statusRowDefaultReady == row)
        #expect(rollout.launcherDefaultReady == launcher)
    }

    @Test func `a back-off that cannot be read has no key`() throws {
        var report = fresh
        report.backoff = nil
        #expect(try object(report)["backoff"] == nil)
        #expect(try HealthReport(json: .object(object(report))).backoff == nil)
    }

    @Test func `the example of the specification is understood`() throws {
        // Its feature flags are missing, and what it abbreviates is filled in.
        let shadow = JSON(object: try object(HemShadow()))
        var object = try object(fresh)
        object["hem_shadow"] = shadow
        object["backoff"] = .null
        object["x"] = [1, 2]
        guard case .object(var routing)? = object["routing"] else {
            Issue.record("no routing")
            return
        }
        routing["feature_flags"] = nil
        routing["last_snapshot_at"] = .null
        routing["dual_run_enabled"] = false
        object["routing"] = .object(routing)
        let report = try HealthReport(json: .object(object))
        #expect(report.routing.dualRun == false)
        #expect(report.routing.emitDiagnostics == false)
        #expect(report.routing.lastSnapshotAt == nil)
        #expect(report.backoff == nil)
    }

    @Test(arguments: ["pid", "version", "security", "runtime", "routing", "hem_shadow"])
    func `what has to be there is missed by its name`(key: String) throws {
        var object = try object(fresh)
        object[key] = nil
        let json = JSON.object(object)
        #expect(throws: FieldError(path: key, message: "is required")) { try HealthReport(json: json) }
    }
}

extension JSON {
    fileprivate init(object: JSONObject) { self = .object(object) }
}
