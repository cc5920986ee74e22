import Bytes
import Fleet

/// `POST …/input`: strict `{data: string}`.
public struct InputBody: Equatable, Sendable {
    public var data: String

    public init(body: JSON) throws(InvalidBody) {
        var faults = FaultCollector()
        let fields = try faults.strict(body, ["data"])
        data = faults.collect { () throws(FieldError) in try fields.string("data") } ?? ""
        try faults.finish()
    }
}

/// `POST …/stop`: strict `{graceful?: bool = true}`; no body at all is fine.
public struct StopBody: Equatable, Sendable {
    public var graceful: Bool

    public init(body: JSON?) throws(InvalidBody) {
        var faults = FaultCollector()
        let fields = try faults.strict(body ?? [:], ["graceful"])
        graceful = faults.collect { () throws(FieldError) in try fields.optionalBool("graceful") ?? true } ?? true
        try faults.finish()
    }
}

/// `POST …/approvals/:approvalId`: strict `{decision, note?}`.
public struct ApprovalBody: Equatable, Sendable {
    public var decision: Decision
    public var note: String?

    public init(body: JSON) throws(InvalidBody) {
        var faults = FaultCollector()
        let fields = try faults.strict(body, ["decision", "note"])
        decision = faults.collect { () throws(FieldError) in try fields.choice("decision") } ?? .deny
        note = faults.text(fields, "note", 0...EventLimits.note)
        try faults.finish()
    }

    /// The resolution it asks for, in the name of the caller.
    public func resolution(of approval: ApprovalID, by user: String?) -> ApprovalResolution {
        ApprovalResolution(approvalID: approval, decision: decision, resolvedBy: user, note: note)
    }
}

/// `POST …/resize`: `{cols: 2-500, rows: 1-300}`.
public struct ResizeBody: Equatable, Sendable {
    public static let columns = 2...500
    public static let rows = 1...300

    public var size: TerminalSize

    public init(body: JSON) throws(InvalidBody) {
        let fields: Fields
        do { fields = try Fields(body) } catch { throw InvalidBody([error]) }
        var faults = FaultCollector()
        for key in ["cols", "rows"] where !fields.has(key) { faults.note(key, "is required") }
        size = TerminalSize(
            columns: faults.dimension(fields, "cols", Self.columns) ?? 0,
            rows: faults.dimension(fields, "rows", Self.rows) ?? 0)
        try faults.finish()
    }
}

/// `POST …/signal`: `{signal: "SIGINT" | …}` (docs/protocols/fleet-api.md).
public struct SignalBody: Equatable, Sendable {
    public var signal: Signal

    public init(body: JSON) throws(InvalidBody) {
        let fields: Fields
        do { fields = try Fields(body) } catch { throw InvalidBody([error]) }
        var faults = FaultCollector()
        let name = faults.collect { () throws(FieldError) in try fields.string("signal") }
        signal = .interrupt
        if let name {
            if let known = Signal.sendable.first(where: { $0.name == name }) {
                signal = known
            } else {
                faults.note("signal", "must be one of " + Signal.sendable.map(\.name).joined(separator: ", "))
            }
        }
        try faults.finish()
    }
}

extension FaultCollector {
    /// The fields of a body in which an unknown key is a fault (control-plane §0.2).
    fileprivate mutating func strict(_ body: JSON, _ known: [String]) throws(InvalidBody) -> Fields {
        let fields: Fields
        do { fields = try Fields(body) } catch { throw InvalidBody([error]) }
        for key in fields.object.keys where !known.contains(key) { note(key, "is not known here") }
        return fields
    }
}
