/// Why a request failed, for programs: the closed list of daemon-ipc §10.
public enum IPCErrorCode: String, CaseIterable, Hashable, Sendable {
    /// No byte, or only blanks, before the line feed or the end.
    case emptyRequest = "empty_request"
    /// The client was too slow (D-03).
    case readTimeout = "read_timeout"
    case readError = "read_error"
    /// More than ``IPCLimits/requestBytes``.
    case requestTooLarge = "request_too_large"
    /// Not JSON, no object, or an envelope that is not as §1.4 says.
    case invalidJSON = "invalid_json"
    case protocolMismatch = "protocol_mismatch"
    case unknownMethod = "unknown_method"
    /// The parameters are missing or have another shape than the method asks for.
    case invalidParams = "invalid_params"
    case invalidEventID = "invalid_event_id"
    case invalidTimestamp = "invalid_timestamp"
    /// `shell_cwd` without a process.
    case invalidPID = "invalid_pid"
    /// What has to be there is absent or blank.
    case missingField = "missing_field"
    /// The peer is another user, or nobody knows who.
    case unauthorizedPeer = "unauthorized_peer"
    case tooManyConnections = "too_many_connections"
    case invalidProjectPath = "invalid_project_path"
    case routingError = "routing_error"
    case serializationError = "serialization_error"
    case livenessError = "liveness_error"
    /// Sessions could not be read, or an event could not be stored (D-08).
    case sessionsError = "sessions_error"
    case projectStatesError = "project_states_error"
    case activityError = "activity_error"
    case tombstoneError = "tombstone_error"
}
