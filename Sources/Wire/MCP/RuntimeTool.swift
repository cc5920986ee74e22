import Bytes
import Fleet

/// The tools of the runtime's bridge, in the order in which they are listed (runtime-rpc §9).
enum RuntimeTool: String, CaseIterable {
    case killByPID = "rtm_kill_by_pid"
    case status = "rtm_status"
    case version = "rtm_version"
    case watchers = "rtm_watchers"

    var declaration: ToolDeclaration {
        switch self {
        case .killByPID:
            return ToolDeclaration(
                name: rawValue, title: "Kill a process",
                description: "Send a signal to a process, and SIGKILL if it is still there after the grace.",
                input: [
                    .init("pid", .integer(format: "u32"), "The process", isRequired: true),
                    .init("signal", .integer(format: "i32"), "The signal's number, such as 15", isRequired: true),
                    .init(
                        "grace_secs", .integer(format: "u32"), "Seconds to wait before SIGKILL", isRequired: true),
                ],
                output: [
                    .init("pid", .integer()), .init("signal", .integer()), .init("killed_after_grace", .boolean),
                ],
                annotations: .destroying)
        case .status:
            return ToolDeclaration(
                name: rawValue, title: "Runtime lifecycles",
                description: "List the runtimes that were launched, with their state. Filters are combined.",
                input: [
                    .init("session_id", .string(format: "uuid"), "Only this session"),
                    .init("session_ids", .array(of: .string(format: "uuid")), "Only these sessions"),
                    .init("updated_since", .string(format: "date-time"), "Only what changed at or after this time"),
                    .init("runtime", .string(), "Only this runtime, such as claude"),
                    .init("state", .string(), "Only this state: forking, running, exited or lost"),
                ],
                output: [.init("lifecycles", .array(of: .anyObject))], annotations: .looking)
        case .version:
            return ToolDeclaration(
                name: rawValue, title: "Daemon version",
                description: "Tell the daemon's version, its protocol and what it can do.",
                output: [
                    .init("version", .string()), .init("git_sha", .string()), .init("protocol_version", .string()),
                    .init("capabilities", .array(of: .string())),
                ],
                annotations: .looking)
        case .watchers:
            return ToolDeclaration(
                name: rawValue, title: "Watchers",
                description: "Count what the daemon watches and waits for at this moment.",
                output: [
                    .init("process_exit_watchers", .integer()), .init("shim_sockets", .integer()),
                    .init("event_waiters", .integer()),
                ],
                annotations: .looking)
        }
    }

    /// What the daemon is asked for. The arguments have passed the declaration.
    func request(_ arguments: JSON) throws(FieldError) -> RPCRequest {
        switch self {
        case .killByPID:
            let fields = try Fields(arguments)
            _ = try fields.number("grace_secs", as: UInt32.self)
            return try RPCRequest.killByPID(fields)
        case .status: return .status(try StatusFilter(json: arguments))
        case .version: return .version
        case .watchers: return .watchers
        }
    }

    /// What the daemon's answer is to the client; `nil` for the answer to something else.
    func result(_ response: RPCResponse) -> ToolResult? {
        switch (self, response) {
        case (.killByPID, .killByPID(let pid, let signal, let killedAfterGrace)):
            var content: [UInt8] = []
            content.append(#"{"pid":"#, pid)
            content.append(#","signal":"#, signal)
            content.append(#","killed_after_grace":"#, killedAfterGrace)
            content.append(UInt8(ascii: "}"))
            return ToolResult(structuredContent: content)
        case (.status, .status(let lifecycles)):
            var content: [UInt8] = []
            content.append(#"{"lifecycles":"#, list: lifecycles)
            // The text is the array alone.
            let array = content.dropFirst(#"{"lifecycles":"#.utf8.count)
            let text = String(decoding: array, as: UTF8.self)
            content.append(UInt8(ascii: "}"))
            return ToolResult(text: text, structuredContent: content)
        case (.version, .version(let version)): return ToolResult(structuredContent: version.encoded())
        case (.watchers, .watchers(let watchers)): return ToolResult(structuredContent: watchers.encoded())
        default: return nil
        }
    }
}
