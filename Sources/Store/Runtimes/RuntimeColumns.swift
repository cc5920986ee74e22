import Bytes
import Fleet

// How the columns of runtime-rpc §11 say what a row says.

extension RuntimeState {
    /// The column `state`.
    var column: String {
        switch self {
        case .forking: return "Forking"
        case .running: return "Running"
        case .exited: return "Exited"
        case .lost: return "Lost"
        }
    }
}

extension LostEvidence {
    /// The column `lost_evidence`.
    var column: String {
        switch self {
        case .shimDiedBeforeReport: return "ShimDiedBeforeReport"
        case .pidNotAlive: return "PidNotAlive"
        case .pidReuseDetected: return "PidReuseDetected"
        }
    }

    /// Reads the column, or the same as the wire writes it.
    init?(column: String) {
        let text = column.lowercased().filter { $0 != "_" }
        guard let evidence = Self.allCases.first(where: { $0.column.lowercased() == text }) else { return nil }
        self = evidence
    }
}

extension PaneAddress {
    /// The column `tmux_pane`: the address as a JSON string.
    var column: String { String(decoding: JSON.string(description).encoded(), as: UTF8.self) }

    /// Reads the column, with or without the quotes.
    init?(column: String) {
        guard column.hasPrefix("\"") else {
            self.init(column)
            return
        }
        guard case .string(let text)? = try? JSON(parsing: column) else { return nil }
        self.init(text)
    }
}

extension RuntimeLifecycle {
    /// The columns that runtime-rpc §11 names.
    static let contractColumns =
        "session_id, runtime, state, shim_pid, runtime_pid, start_time, tmux_pane, exit_code, exit_signal, "
        + "lost_evidence, spawned_at, updated_at"

    /// Those, and the ones that only we have.
    static let columns =
        contractColumns
        + ", target, pane_id, start_ticks, boot_id, late_exit_code, late_exit_signal, pane_server, pane_pid"

    /// What stands in ``columns``.
    var values: [SQLValue] {
        var exit: RuntimeExit?
        var evidence: LostEvidence?
        switch state {
        case .forking, .running: break
        case .exited(let known): exit = known
        case .lost(let known): evidence = known
        }
        return [
            .text(sessionID.rawValue), .text(runtime), .text(state.column), .number(shimPID), .number(runtimePID),
            .optional(startTime?.rfc3339WithOffset), .optional(target.pane?.column), .number(exit?.code),
            .number(exit?.signal), .optional(evidence?.column), .text(spawnedAt.rfc3339WithOffset),
            .text(updatedAt.rfc3339WithOffset), .text(target.description), .optional(paneID?.rawValue),
            .bits(startTicks), .optional(bootID), .number(lateExit?.code), .number(lateExit?.signal),
            .optional(placement?.server), .number(placement?.pid),
        ]
    }
}

extension SQLValue {
    static func optional(_ text: String?) -> SQLValue { text.map { .text($0) } ?? .null }
    static func number(_ value: UInt32?) -> SQLValue { value.map { .integer(Int64($0)) } ?? .null }
    static func number(_ value: Int32?) -> SQLValue { value.map { .integer(Int64($0)) } ?? .null }
    /// The 64 bits of a value that may be too large for a column with a sign.
    static func bits(_ value: UInt64?) -> SQLValue { value.map { .integer(Int64(bitPattern: $0)) } ?? .null }
}
