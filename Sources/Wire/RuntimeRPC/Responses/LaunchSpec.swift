import Bytes
import Fleet

/// What a shim starts: the only message that carries an environment (runtime-rpc §2.3, §3.4).
public struct LaunchSpec: Equatable, Sendable {
    /// The program and what follows it; never empty.
    public var arguments: [String]
    /// The whole environment, in order; never empty.
    public var environment: [EnvironmentVariable]
    public var cwd: String

    public init(arguments: [String], environment: [EnvironmentVariable], cwd: String) {
        self.arguments = arguments
        self.environment = environment
        self.cwd = cwd
    }
}

extension LaunchSpec: RPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            arguments: try fields.strings("argv"), environment: try fields.values("env"),
            cwd: try fields.string("cwd"))
        if arguments.isEmpty { throw FieldError(path: "argv", message: "must not be empty") }
        if environment.isEmpty { throw FieldError(path: "env", message: "must not be empty") }
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"argv":"#, texts: arguments)
        output.append(#","env":"#, list: environment)
        output.append(#","cwd":"#, cwd)
        output.append(UInt8(ascii: "}"))
    }
}
