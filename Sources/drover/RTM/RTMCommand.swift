import Bytes
import Client
import Fleet
import Wire

/// One command of `rtm`. As with ``Command``, parsing ends in `init`.
protocol RTMCommand: Sendable {
    static var spec: CommandSpec { get }

    init(_ arguments: inout Arguments) throws(UsageError)

    func run(in context: RTMContext) throws(RTMFailure) -> ExitCode
}

/// Why a command of `rtm` failed, as it is written to stderr (runtime-rpc §10).
struct RTMFailure: Error, Equatable {
    var message: String
    /// What lies behind it, from near to far.
    var causes: [String] = []
    var exit = ExitCode.failure

    init(_ message: String, causes: [String] = []) {
        self.message = message
        self.causes = causes
    }

    init(_ error: RuntimeRPCError) {
        self.init("\(error)", causes: error.systemReason.map { [$0] } ?? [])
    }
}

/// What a command of `rtm` may touch.
struct RTMContext {
    var context: Context
    var format: RTM.Format

    func socket() throws(RTMFailure) -> RuntimeSocketPath {
        do { return try context.runtimeSocket() } catch { throw RTMFailure(error) }
    }

    func ask<Answer>(
        _ question: (RuntimeRPCClient) throws(RuntimeRPCError) -> Answer
    ) throws(RTMFailure) -> Answer {
        let client = RuntimeRPCClient(path: try socket().path)
        do { return try question(client) } catch { throw RTMFailure(error) }
    }

    /// Prints a result in the format that was asked for.
    func print(_ json: @autoclosure () -> JSON, human: @autoclosure () -> String) {
        switch format {
        case .json: context.console.print(json())
        case .human: context.console.print(human())
        }
    }

    /// A line that is the same in both formats.
    func print(_ text: String) { context.console.print(text) }
}

// MARK: - What many commands share

extension CommandSpec {
    /// A command of `rtm`.
    static func rtm(
        _ word: String, _ summary: String, discussion: String = "", positionals: [PositionalSpec] = [],
        options: [OptionSpec] = [], examples: [Example] = []
    ) -> CommandSpec {
        CommandSpec(
            program: "rtm", word: word, summary: summary, discussion: discussion, positionals: positionals,
            options: options + [
                .value(
                    "format", "FORMAT", "json (the default) or human", completion: .words(["json", "human"]))
            ], examples: examples, asksDaemon: false, printsResult: false)
    }
}

extension OptionSpec {
    static let sessionID = OptionSpec.value("session-id", "UUID", "The session")
}

extension Arguments {
    func sessionID(_ text: String) throws(UsageError) -> SessionID {
        guard let id = SessionUUID.parse(text) else {
            throw UsageError("invalid value '\(text)' for a session id: it is a UUID", verb: spec.word)
        }
        return id
    }

    /// The session as `--session-id` or as the next word; when both are given they must agree (D-05).
    mutating func session() throws(UsageError) -> SessionID? {
        let flag = try option("session-id").map { text throws(UsageError) in try sessionID(text) }
        guard let word = optionalPositional() else { return flag }
        let id = try sessionID(word)
        guard flag == nil || flag == id else {
            throw UsageError("--session-id and \(word) are two sessions; one is needed", verb: spec.word)
        }
        return id
    }

    mutating func requiredSession() throws(UsageError) -> SessionID {
        guard let id = try session() else {
            throw UsageError("the following required arguments were not provided: --session-id <UUID>", verb: spec.word)
        }
        return id
    }

    func requiredOption(_ name: String) throws(UsageError) -> String {
        guard let value = option(name) else {
            throw UsageError("the following required arguments were not provided: --\(name)", verb: spec.word)
        }
        return value
    }

    /// A whole number of that type's range.
    func number<Number: FixedWidthInteger>(
        _ name: String, as type: Number.Type = Number.self
    ) throws(UsageError) -> Number? {
        guard let text = option(name) else { return nil }
        guard let number = Number(text) else {
            throw UsageError(
                "invalid value '\(text)' for '--\(name)': it is a number from \(Number.min) to \(Number.max)",
                verb: spec.word)
        }
        return number
    }
}

extension RPCValue {
    /// The value as JSON, its keys in the order of the contract's examples.
    var json: JSON { JSON(written: encoded()) }
}

extension RPCResponse {
    /// What its payload wraps as `response`.
    var responseJSON: JSON { JSON(written: encoded())["payload"]?["response"] ?? .null }
}

extension JSON {
    /// Reads what this program has just written.
    init(written bytes: [UInt8]) {
        do { self = try JSON(parsing: bytes) } catch {
            preconditionFailure("an encoder writes JSON, and this is none: \(error)")
        }
    }
}
