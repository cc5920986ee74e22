import Fleet

/// Something in a row of `lifecycle` that makes no sense. Other programs write there, too.
public struct RuntimeRowProblem: Hashable, Sendable, CustomStringConvertible {
    /// The session id as it stands there.
    public var session: String
    public var column: String
    public var value: String
    /// Whether the row was passed over; otherwise the column counts as empty.
    public var isSkipped: Bool

    public var description: String {
        let outcome = isSkipped ? "the row is passed over" : "it is taken as empty"
        return "lifecycle of \(session): \(column) is \"\(value)\", which makes no sense; \(outcome)"
    }
}

/// Reads one row of `lifecycle`, be it ours or somebody else's.
///
/// Leniently: states in any case, times with any offset, panes with or without quotes.
struct RuntimeRow {
    private(set) var row: RuntimeLifecycle?
    private(set) var problems: [RuntimeRowProblem] = []
    private let session: String

    /// Reads the columns of `RuntimeLifecycle.columns`, in that order.
    init(_ columns: borrowing Statement) {
        session = columns.text(0)
        row = read(columns)
    }

    private mutating func read(_ columns: borrowing Statement) -> RuntimeLifecycle? {
        guard let id = Self.sessionID(session) else { return skip("session_id", session) }
        let runtime = columns.text(1)
        guard !runtime.isEmpty else { return skip("runtime", runtime) }
        guard let spawnedAt = PreciseTime(rfc3339: columns.text(10)) else {
            return skip("spawned_at", columns.text(10))
        }
        guard let state = state(columns) else { return nil }
        let lateExit = exit(columns, 16, "late_exit_code", "late_exit_signal")
        let panePID: UInt32? = number(columns, 19, "pane_pid")
        let placement = columns.optionalText(18).flatMap { server in
            panePID.map { PanePlacement(server: server, pid: $0) }
        }
        return RuntimeLifecycle(
            sessionID: id, runtime: runtime, state: state, target: target(columns),
            paneID: columns.optionalText(13).map { PaneID($0) }, shimPID: number(columns, 3, "shim_pid"),
            runtimePID: number(columns, 4, "runtime_pid"), startTime: time(columns, 5, "start_time"),
            startTicks: columns.optionalInteger(14).map { UInt64(bitPattern: $0) }, bootID: columns.optionalText(15),
            spawnedAt: spawnedAt, updatedAt: time(columns, 11, "updated_at"),
            lateExit: lateExit.isKnown ? lateExit : nil, placement: placement)
    }

    /// Ids are told apart by their text, so it has to be the one that requests are given (§2.1.5).
    private static func sessionID(_ text: String) -> SessionID? {
        let text = text.lowercased()
        return UUIDText.isUUID(text) ? SessionID(text) : nil
    }

    private mutating func state(_ columns: borrowing Statement) -> RuntimeState? {
        let text = columns.text(2)
        switch text.lowercased() {
        case "forking": return .forking
        case "running": return .running
        case "exited": return .exited(exit(columns, 7, "exit_code", "exit_signal"))
        case "lost":
            if let evidence = LostEvidence(column: columns.text(9)) { return .lost(evidence) }
            return skip("lost_evidence", columns.text(9))
        default: return skip("state", text)
        }
    }

    private mutating func target(_ columns: borrowing Statement) -> RuntimeTarget {
        if let text = columns.optionalText(12) {
            if case .target(let target) = RuntimeTargetParsing(text) { return target }
            note("target", text)
        }
        guard let text = columns.optionalText(6) else { return .headless }
        if let pane = PaneAddress(column: text) { return .tmux(pane) }
        note("tmux_pane", text)
        return .headless
    }

    private mutating func exit(
        _ columns: borrowing Statement, _ first: Int32, _ codeName: String, _ signalName: String
    ) -> RuntimeExit {
        RuntimeExit(code: number(columns, first, codeName), signal: number(columns, first + 1, signalName))
    }

    private mutating func number<Number: FixedWidthInteger>(
        _ columns: borrowing Statement, _ column: Int32, _ name: String
    ) -> Number? {
        guard let text = columns.optionalText(column) else { return nil }
        if let number = Number(text) { return number }
        note(name, text)
        return nil
    }

    private mutating func time(_ columns: borrowing Statement, _ column: Int32, _ name: String) -> PreciseTime? {
        guard let text = columns.optionalText(column) else { return nil }
        if let time = PreciseTime(rfc3339: text) { return time }
        note(name, text)
        return nil
    }

    private mutating func note(_ column: String, _ value: String) {
        problems.append(RuntimeRowProblem(session: session, column: column, value: value, isSkipped: false))
    }

    private mutating func skip<Value>(_ column: String, _ value: String) -> Value? {
        problems.append(RuntimeRowProblem(session: session, column: column, value: value, isSkipped: true))
        return nil
    }
}
