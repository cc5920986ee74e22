import Bytes
import Fleet

/// What to launch where (runtime-rpc §2.2, SpawnRequest).
public struct SpawnRequest: Equatable, Sendable {
    public var sessionID: SessionID
    /// The name of a launcher; not empty.
    public var runtime: String
    /// All the environment there will be, but for the four variables of §3.6.
    public var environment: [EnvironmentVariable]
    public var cwd: String
    public var target: RuntimeTarget
    /// Appended to what the launcher says; the key `x_args` (D-33).
    public var arguments: [String]
    /// Whether a live session in the pane is replaced; the key `x_force` (D-37).
    public var force: Bool

    public init(
        sessionID: SessionID, runtime: String, environment: [EnvironmentVariable] = [], cwd: String,
        target: RuntimeTarget, arguments: [String] = [], force: Bool = false
    ) {
        self.sessionID = sessionID
        self.runtime = runtime
        self.environment = environment
        self.cwd = cwd
        self.target = target
        self.arguments = arguments
        self.force = force
    }
}

extension SpawnRequest {
    /// Reads all but the target, whose address is looked at when the rest is known to be right.
    private init(_ fields: Fields, _ written: inout WrittenTarget) throws(FieldError) {
        sessionID = try fields.sessionID("session_id")
        runtime = try fields.string("runtime")
        if runtime.isEmpty { throw FieldError(path: "runtime", message: "must not be empty") }
        environment = fields.has("env") ? try fields.values("env") : []
        cwd = try fields.string("cwd")
        arguments = try fields.optionalStrings("x_args") ?? []
        force = try fields.optionalBool("x_force") ?? false
        target = .headless
        let json = try fields.require("target")
        do { written = try WrittenTarget(json: json) } catch { throw error.inside("target") }
    }

    /// Reads the request that the payload wraps. An address that is none has its own code, and is found last.
    init(_ envelope: RPCEnvelope) throws(RPCError) {
        var written = WrittenTarget.headless
        do {
            self = try envelope.read("request") { fields throws(FieldError) in try SpawnRequest(fields, &written) }
        } catch {
            throw .field(error, in: envelope.type)
        }
        guard case .tmux(let text) = written else { return }
        guard let address = PaneAddress(text) else {
            throw RPCError(.invalidTarget, TargetOutcome.invalidMessage("tmux:" + text))
        }
        target = .tmux(address)
    }

    func append(to output: inout [UInt8]) {
        output.append(#"{"session_id":"#, sessionID)
        output.append(#","runtime":"#, runtime)
        output.append(#","env":"#, list: environment)
        output.append(#","cwd":"#, cwd)
        output.append(#","target":"#, target)
        if !arguments.isEmpty { output.append(#","x_args":"#, texts: arguments) }
        if force { output.append(#","x_force":"#, true) }
        output.append(UInt8(ascii: "}"))
    }
}
