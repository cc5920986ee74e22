import Bytes

/// The file and what runs, as clients are shown them: `ConfigState` of chat-runtime §1.8.
public struct ConfigurationState: Equatable, Sendable {
    public struct Backup: Equatable, Sendable {
        public var path: String
        public var exists: Bool
        /// RFC 3339 in UTC; `nil` when there is none.
        public var modifiedAt: String?

        public init(path: String, exists: Bool, modifiedAt: String?) {
            self.path = path
            self.exists = exists
            self.modifiedAt = modifiedAt
        }
    }

    public var configPath: String
    public var backup1Path: String
    public var backup2Path: String
    /// The name of the file; the contract calls it a format.
    public var configFormat: String
    public var running: ConfigurationDocument
    /// Equal to `running` when the file cannot be read.
    public var disk: ConfigurationDocument
    /// The text of the file, or of `running` when it cannot be read.
    public var raw: String
    public var diskParseError: String?
    /// What is in the file when it is no configuration, with U+FFFD where it is not UTF-8.
    public var diskRaw: String?
    public var backups: [Backup]
    /// Dotted keys whose running value is not yet in force.
    public var pendingRestart: [String]

    public var json: JSON {
        [
            "config_path": .string(configPath), "backup1_path": .string(backup1Path),
            "backup2_path": .string(backup2Path), "config_format": .string(configFormat), "running": running.json,
            "disk": disk.json, "raw": .string(raw),
            "disk_parse_error": diskParseError.map { .string($0) } ?? .null,
            "disk_raw": diskRaw.map { .string($0) } ?? .null,
            "backups": .array(
                backups.map { backup in
                    [
                        "path": .string(backup.path), "exists": .bool(backup.exists),
                        "modified_at": backup.modifiedAt.map { .string($0) } ?? .null,
                    ]
                }),
            "pending_restart": .strings(pendingRestart),
        ]
    }
}

/// What came of a change: `ConfigMutation` of chat-runtime §1.8. One that failed has none.
public struct ConfigurationMutation: Equatable, Sendable {
    public enum Action: String, Sendable {
        case apply, reset, restart
    }

    public var action: Action
    public var restartScheduled: Bool
    public var state: ConfigurationState

    public init(action: Action, restartScheduled: Bool = false, state: ConfigurationState) {
        self.action = action
        self.restartScheduled = restartScheduled
        self.state = state
    }

    public var json: JSON {
        [
            "ok": true, "action": .string(action.rawValue), "restart_scheduled": .bool(restartScheduled),
            "state": state.json,
        ]
    }
}
