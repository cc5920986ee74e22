import Bytes
import Fleet

/// The configuration of a runtime: what runs, and what is on disk (§1.8).
public struct ConfigState: Equatable, Sendable {
    /// One of the two generations that are kept (§4.7).
    public struct Backup: Equatable, Sendable {
        public var path: String
        public var exists: Bool
        public var modifiedAt: PreciseTime?
    }

    /// The absolute path of the file.
    public var configPath: String
    public var backup1Path: String
    public var backup2Path: String
    /// The file's name; the contract calls it its format.
    public var configFormat: String
    /// The configuration file that the process runs with.
    public var running: JSON
    /// The file as it is now, or what runs if it cannot be read.
    public var disk: JSON
    /// The text of the file.
    public var raw: String
    /// Why the file cannot be read.
    public var diskParseError: String?
    /// The bytes of a file that cannot be read, as text.
    public var diskRaw: String?
    public var backups: [Backup]
    /// Dotted keys whose new value waits for a restart.
    public var pendingRestart: [String]
    /// Everything the server said.
    public var json: JSON

    /// `nil` for anything else.
    public init?(_ json: JSON) {
        guard let configPath = json["config_path"]?.string, let backup1Path = json["backup1_path"]?.string,
            let backup2Path = json["backup2_path"]?.string, let configFormat = json["config_format"]?.string,
            let running = json["running"], running.object != nil, let disk = json["disk"], disk.object != nil,
            let raw = json["raw"]?.string
        else { return nil }
        self.configPath = configPath
        self.backup1Path = backup1Path
        self.backup2Path = backup2Path
        self.configFormat = configFormat
        self.running = running
        self.disk = disk
        self.raw = raw
        diskParseError = json["disk_parse_error"]?.string
        diskRaw = json["disk_raw"]?.string
        backups = (json["backups"]?.array ?? []).compactMap { backup in
            guard let path = backup["path"]?.string, let exists = backup["exists"]?.bool else { return nil }
            let modifiedAt = backup["modified_at"]?.string.flatMap { PreciseTime(rfc3339: $0) }
            return Backup(path: path, exists: exists, modifiedAt: modifiedAt)
        }
        pendingRestart = (json["pending_restart"]?.array ?? []).compactMap(\.string)
        self.json = json
    }

    /// What is running under a section and a key, if it is set.
    public func running(_ section: String, _ key: String) -> JSON? {
        running[section]?[key].flatMap { $0.isNull ? nil : $0 }
    }
}

/// What a change of the configuration came to (§1.8).
public struct ConfigMutation: Equatable, Sendable {
    public enum Action: String, Sendable, CaseIterable {
        case apply, reset, restart
    }

    public var action: Action
    /// Whether the process is about to start anew.
    public var restartScheduled: Bool
    public var state: ConfigState
    /// Everything the server said.
    public var json: JSON

    /// `nil` for anything else.
    public init?(_ json: JSON) {
        guard let action = json["action"]?.string.flatMap({ Action(rawValue: $0) }), json["ok"]?.bool == true,
            let restartScheduled = json["restart_scheduled"]?.bool, let state = json["state"].flatMap(ConfigState.init)
        else { return nil }
        self.action = action
        self.restartScheduled = restartScheduled
        self.state = state
        self.json = json
    }
}

/// A new configuration, as text or as an object: the contract's `ConfigMutationRequest`.
///
/// The server wants exactly one of the two, and says so itself.
public struct ConfigChange: Equatable, Sendable {
    /// The text of a whole file.
    public var raw: String?
    /// A whole file as an object.
    public var config: JSON?
    /// SHA-256 of `raw` as it was last seen, in hexadecimal: the change is refused when the file is another by now (§4.5).
    public var expectedRawSHA256: String?

    public init(raw: String? = nil, config: JSON? = nil, expectedRawSHA256: String? = nil) {
        self.raw = raw
        self.config = config
        self.expectedRawSHA256 = expectedRawSHA256
    }

    /// As it is sent.
    public var json: JSON {
        .omittingNil([
            "raw": raw.map { .string($0) }, "config": config,
            "expected_raw_sha256": expectedRawSHA256.map { .string($0) },
        ])
    }
}
