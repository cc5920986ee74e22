import Bytes

/// `SESSION_CREATED`: the admission of a session, with all that is known of it and none of its secrets.
public struct SessionCreated: Equatable, Sendable {
    /// The configuration without the values of its environment, its texts redacted.
    public let config: SessionConfig
    /// The names of its environment, sorted.
    public let environmentNames: [String]

    /// Takes the secrets out: values of `env` are dropped, and where they or anything that looks like a secret stand
    /// in the argv, the title, the name or the task, they are starred.
    public init(_ config: SessionConfig) {
        let redactor = SecretRedactor(values: config.environment.values)
        var config = config
        environmentNames = config.environment.keys.sorted()
        config.environment = [:]
        config.title = redactor.redact(config.title)
        config.name = config.name.map(redactor.redact)
        if let argv = config.command?.argv { config.command?.argv = redactor.redact(argv: argv) }
        if let task = config.task {
            config.task = TaskSpec(
                title: redactor.redact(task.title), goal: redactor.redact(task.goal),
                constraints: task.constraints.map(redactor.redact), acceptance: task.acceptance.map(redactor.redact),
                roomPath: task.roomPath, branchName: task.branchName)
        }
        self.config = config
    }

    private init(redacted config: SessionConfig, environmentNames: [String]) {
        self.config = config
        self.environmentNames = environmentNames
    }
}

extension SessionCreated: JSONShape {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        let configuration = try fields.require("config")
        let config: SessionConfig
        do { config = try SessionConfig(json: configuration) } catch { throw error.inside("config") }
        self.init(
            redacted: config, environmentNames: try Fields(configuration).optionalStrings("envNames") ?? [])
    }

    public var json: JSON {
        .omittingNil([
            "agentId": .id(config.agentID), "agentName": .string(config.agentName),
            "villageId": .id(config.villageID), "userId": .id(config.userID), "orgId": .id(config.orgID),
            "title": .string(config.title), "name": .optional(config.name),
            "config": config.json(
                environment: ("envNames", environmentNames.isEmpty ? nil : .strings(environmentNames))),
        ])
    }
}

/// `PROCESS_SPAWNED`: which process it is, so surely that it may be signalled after a restart.
public struct ProcessIdentity: Equatable, Hashable, Sendable {
    public var pid: Int
    /// When it started, in the kernel's ticks since boot.
    public var startTicks: Int
    public var bootID: String

    public init(pid: Int, startTicks: Int, bootID: String) {
        self.pid = pid
        self.startTicks = startTicks
        self.bootID = bootID
    }
}

extension ProcessIdentity: JSONShape {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            pid: try fields.integer("pid", atLeast: 1), startTicks: try fields.integer("startTicks", atLeast: 0),
            bootID: try fields.string("bootId"))
    }

    public var json: JSON {
        ["pid": .integer(pid), "startTicks": .integer(startTicks), "bootId": .string(bootID)]
    }
}

/// How a process ended.
public enum ProcessEnd: Equatable, Sendable {
    case code(Int)
    case signal(Signal)
    /// Nobody saw how; the text is the evidence that it did, such as `shim_died_before_report`.
    case unknown(String)

    /// The code as a shell reports it: 128 and the number for a signal.
    public var exitCode: Int? {
        switch self {
        case .code(let code): return code
        case .signal(let signal): return 128 + Int(signal.rawValue)
        case .unknown: return nil
        }
    }
}

/// `PROCESS_EXITED`: how it ended and how much it wrote.
public struct ProcessExit: Equatable, Sendable {
    public var status: ProcessEnd
    /// Bytes of terminal output in the recording.
    public var bytes: Int

    public init(status: ProcessEnd, bytes: Int) {
        self.status = status
        self.bytes = bytes
    }
}

extension ProcessExit: JSONShape {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        let bytes = try fields.integer("bytes", atLeast: 0)
        if let name = try fields.optionalString("signal") {
            guard let signal = Signal(name: name) else {
                throw FieldError(path: "signal", message: "must be the name of a signal")
            }
            self.init(status: .signal(signal), bytes: bytes)
        } else if let evidence = try fields.optionalString("evidence") {
            self.init(status: .unknown(evidence), bytes: bytes)
        } else {
            self.init(status: .code(try fields.integer("exitCode")), bytes: bytes)
        }
    }

    public var json: JSON {
        switch status {
        case .code(let code): return ["exitCode": .integer(code), "bytes": .integer(bytes)]
        case .signal(let signal): return ["signal": .string(signal.name), "bytes": .integer(bytes)]
        case .unknown(let evidence): return ["evidence": .string(evidence), "bytes": .integer(bytes)]
        }
    }
}
