import Fleet

// What stands in the columns of daemon-ipc §7.2, and in those after them. Times stand in whole seconds, as the wire has
// them, and beside them in milliseconds.

/// A table and the columns that we write, the key first.
struct SensingTable {
    let name: String
    let columns: [String]

    init(_ name: String, _ columns: String) {
        self.name = name
        self.columns = columns.split(separator: " ").map(String.init)
    }

    /// The columns in the order in which rows are read.
    var list: String { columns.joined(separator: ", ") }

    static let sessions = SensingTable(
        "sessions",
        "session_id pid state cwd project_id project_path updated_at state_changed_at last_event last_activity_at "
            + "tools_in_flight ready_reason updated_at_ms state_changed_at_ms last_activity_at_ms compaction_trigger "
            + "compaction_was_active agent launched_as")
    static let tombstones = SensingTable(
        "tombstones", "session_id created_at expires_at created_at_ms expires_at_ms")
    static let activity = SensingTable(
        "activity", "session_id project_path file_path tool_name recorded_at recorded_at_ms event_rowid")
    static let shells = SensingTable(
        "shell_state",
        "pid cwd tty parent_app tmux_session tmux_client_tty updated_at updated_at_ms canonical_cwd tmux_pane "
            + "proc_started")
    static let liveness = SensingTable(
        "process_liveness", "pid proc_started last_seen_at last_seen_at_ms ticks_proc_started start_ticks boot_id")
    static let rollout = SensingTable(
        "routing_rollout_state",
        "id dual_run_comparisons legacy_vs_are_status_mismatch legacy_vs_are_target_mismatch first_comparison_at "
            + "last_comparison_at last_snapshot_at first_comparison_at_ms last_comparison_at_ms last_snapshot_at_ms")
}

extension SensedSession {
    /// What stands in the columns of ``SensingTable/sessions``.
    var values: [SQLValue] {
        [
            .text(sessionID.rawValue), .number(pid), .text(state.rawValue), .text(cwd), .optional(projectID),
            .optional(projectPath), .seconds(updatedAt), .seconds(stateChangedAt), .optional(lastEvent),
            .seconds(lastActivityAt), .number(toolsInFlight), .optional(readyReason?.rawValue),
            .milliseconds(updatedAt), .milliseconds(stateChangedAt), .milliseconds(lastActivityAt),
            .optional(compaction?.trigger?.rawValue), compaction.map { .integer($0.wasActive ? 1 : 0) } ?? .null,
            .optional(agent?.rawValue), .optional(launchedAs?.rawValue),
        ]
    }
}

extension Tombstone {
    /// What stands in the columns of ``SensingTable/tombstones``.
    var values: [SQLValue] {
        [
            .text(sessionID.rawValue), .seconds(createdAt), .seconds(expiresAt), .milliseconds(createdAt),
            .milliseconds(expiresAt),
        ]
    }
}

extension SensedActivity {
    /// What stands in the columns of ``SensingTable/activity``, but for the event.
    var values: [SQLValue] {
        [
            .text(sessionID.rawValue), .text(projectPath), .text(filePath), .optional(toolName), .seconds(recordedAt),
            .milliseconds(recordedAt),
        ]
    }
}

extension SensedShell {
    /// What stands in the columns of ``SensingTable/shells``.
    var values: [SQLValue] {
        [
            .number(pid), .text(cwd), .text(tty), .optional(parentApp), .optional(tmuxSession),
            .optional(tmuxClientTTY), .seconds(updatedAt), .milliseconds(updatedAt), .text(canonicalCwd),
            .optional(tmuxPane), procStarted.map { .integer($0) } ?? .null,
        ]
    }
}

extension ProcessLiveness {
    /// What stands in the columns of ``SensingTable/liveness``.
    var values: [SQLValue] {
        let started = start.map { SQLValue.integer($0.epochSeconds) } ?? .null
        return [
            .number(pid), started, .seconds(lastSeenAt), .milliseconds(lastSeenAt), started, .bits(start?.ticks),
            .optional(start?.bootID),
        ]
    }
}

extension RoutingRollout {
    /// What stands in the columns of ``SensingTable/rollout``.
    var values: [SQLValue] {
        [
            .integer(1), .integer(Int64(clamping: comparisons)), .integer(Int64(clamping: statusMismatches)),
            .integer(Int64(clamping: targetMismatches)), .seconds(firstComparisonAt), .seconds(lastComparisonAt),
            .seconds(lastSnapshotAt), .milliseconds(firstComparisonAt), .milliseconds(lastComparisonAt),
            .milliseconds(lastSnapshotAt),
        ]
    }
}

extension SQLValue {
    /// A time as the wire has it (§3.3).
    fileprivate static func seconds(_ time: Timestamp?) -> SQLValue { .optional(time?.rfc3339) }
    fileprivate static func milliseconds(_ time: Timestamp?) -> SQLValue {
        time.map { .integer($0.milliseconds) } ?? .null
    }
}

extension Timestamp {
    /// Reads a time as others write it, with any offset and fraction. The milliseconds beside it count as long as they
    /// belong to the text: others change only that.
    init?(stored text: String, milliseconds: Int64?) {
        guard let written = Timestamp(rfc3339: text) else { return nil }
        guard let milliseconds, case let exact = Timestamp(milliseconds: milliseconds),
            exact.wholeSeconds == written.wholeSeconds
        else {
            self = written
            return
        }
        self = exact
    }

    /// Seconds since 1970, what is finer cut off as in ``rfc3339``.
    var wholeSeconds: Int64 { milliseconds / 1000 - (milliseconds % 1000 < 0 ? 1 : 0) }
}
