import Bytes
import Fleet

extension ExtraEvent {
    /// Reads the parameters of our own method `x_event`: the envelope of daemon-ipc §3 with a free `event_type`. What it
    /// does not know it passes over, since agents go on inventing.
    public init(json: JSON) throws(IPCError) {
        do throws(FieldError) {
            let fields = try Fields(json)
            let type = try fields.string("event_type")
            guard Self.isType(type) else {
                throw FieldError(path: "event_type", message: "must be a name in snake_case of at most 64 characters")
            }
            guard let recordedAt = Timestamp(rfc3339: try fields.string("recorded_at")) else {
                throw FieldError(path: "recorded_at", message: "must be an RFC 3339 time with an offset")
            }
            let id = try fields.string("event_id")
            guard !id.isBlank, id.unicodeScalars.count <= IPCLimits.eventIDScalars else {
                throw FieldError(
                    path: "event_id", message: "must have 1 to \(IPCLimits.eventIDScalars) characters")
            }
            let session = try fields.string("session_id")
            guard !session.isBlank else { throw FieldError(path: "session_id", message: "must not be blank") }
            self.init(
                eventID: EventID(id), recordedAt: recordedAt, type: type, sessionID: SessionID(session),
                pid: try fields.optionalNumber("pid"), cwd: try fields.optionalString("cwd"),
                metadata: fields.value("metadata").flatMap { JSONObject([.init(key: "", value: $0)]).settled[""] })
        } catch { throw .params(error) }
    }
}
