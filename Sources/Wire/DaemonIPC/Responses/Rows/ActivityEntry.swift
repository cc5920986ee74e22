import Bytes
import Fleet

/// A file that a tool touched: one row of `get_activity` (daemon-ipc §2.9).
public struct ActivityEntry: Hashable, Sendable {
    public var sessionID: SessionID
    public var projectPath: String
    /// Absolute, or joined to the directory of its event.
    public var filePath: String
    public var toolName: String?
    public var recordedAt: Timestamp

    public init(
        sessionID: SessionID, projectPath: String, filePath: String, toolName: String? = nil, recordedAt: Timestamp
    ) {
        self.sessionID = sessionID
        self.projectPath = projectPath
        self.filePath = filePath
        self.toolName = toolName
        self.recordedAt = recordedAt
    }
}

extension ActivityEntry: IPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            sessionID: try fields.id("session_id"), projectPath: try fields.string("project_path"),
            filePath: try fields.string("file_path"), toolName: try fields.optionalString("tool_name"),
            recordedAt: try fields.rfc3339("recorded_at"))
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"session_id":"#, sessionID)
        output.append(#","project_path":"#, projectPath)
        output.append(#","file_path":"#, filePath)
        output.append(#","tool_name":"#, toolName)
        output.append(#","recorded_at":"#, recordedAt)
        output.append(UInt8(ascii: "}"))
    }
}
