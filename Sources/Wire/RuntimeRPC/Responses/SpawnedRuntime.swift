import Bytes
import Fleet

/// The answer to `spawn`: the runtime runs (runtime-rpc §2.3).
public struct SpawnedRuntime: Equatable, Sendable {
    public var lifecycle: LifecycleRecord
    public var event: RuntimeEvent
    /// All three are `nil` for a runtime in a pane.
    public var logDirectory: String?
    public var stdoutPath: String?
    public var stderrPath: String?

    public init(
        lifecycle: LifecycleRecord, event: RuntimeEvent, logDirectory: String? = nil, stdoutPath: String? = nil,
        stderrPath: String? = nil
    ) {
        self.lifecycle = lifecycle
        self.event = event
        self.logDirectory = logDirectory
        self.stdoutPath = stdoutPath
        self.stderrPath = stderrPath
    }
}

extension SpawnedRuntime: RPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            lifecycle: try fields.value("lifecycle"), event: try fields.value("event"),
            logDirectory: try fields.optionalString("log_dir"), stdoutPath: try fields.optionalString("stdout_path"),
            stderrPath: try fields.optionalString("stderr_path"))
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"lifecycle":"#, lifecycle)
        output.append(#","event":"#, event)
        output.append(#","log_dir":"#, logDirectory)
        output.append(#","stdout_path":"#, stdoutPath)
        output.append(#","stderr_path":"#, stderrPath)
        output.append(UInt8(ascii: "}"))
    }
}
