import Bytes
import Fleet

extension RPCRequest {
    /// The line as original clients write it, without a line feed.
    public func encoded() -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(256)
        append(to: &output)
        return output
    }

    /// Appends ``encoded()``.
    public func append(to output: inout [UInt8]) {
        output.append(#"{"type":"#, type)
        switch self {
        case .version, .watchers, .doctor: break
        // Beside the type: inside a payload originals would refuse it (D-41).
        case .stop(let drain): if drain { output.append(#","x_drain":"#, true) }
        case .events(let since, let wait): Self.appendEvents(since, wait, to: &output)
        case .shimReady(let ready):
            output.append(#","payload":{"ready":"#, ready)
            output.append(UInt8(ascii: "}"))
        case .shimExit(let id, let exit):
            output.append(#","payload":{"exit":{"session_id":"#, id)
            output.append(#","exit":"#, exit)
            output.append(literal: "}}")
        case .spawn, .validateTarget, .kill, .killByPID, .nudge, .capture, .status, .mcpBridge, .shimLaunch:
            output.append(literal: #","payload":{"request":"#)
            appendRequest(to: &output)
            output.append(UInt8(ascii: "}"))
        }
        output.append(UInt8(ascii: "}"))
    }

    private static func appendEvents(_ since: UInt64?, _ wait: UInt32?, to output: inout [UInt8]) {
        output.append(literal: #","payload":{"#)
        if let since { output.append(#""since":"#, since) }
        if let wait {
            if since != nil { output.append(UInt8(ascii: ",")) }
            output.append(#""wait_ms":"#, wait)
        }
        output.append(UInt8(ascii: "}"))
    }

    /// Those that are wrapped as `request`.
    private func appendRequest(to output: inout [UInt8]) {
        switch self {
        case .spawn(let request):
            request.append(to: &output)
            return
        case .status(let filter):
            filter.append(to: &output)
            return
        case .validateTarget(let target): output.append(#"{"target":"#, target)
        case .kill(let id, let signal, let grace):
            output.append(#"{"session_id":"#, id)
            output.append(#","signal":"#, signal.rawValue)
            output.append(#","grace_secs":"#, grace)
        case .killByPID(let pid, let signal, let grace):
            output.append(#"{"pid":"#, pid)
            output.append(#","signal":"#, signal)
            output.append(#","grace_secs":"#, grace)
        case .nudge(let id, let content):
            output.append(#"{"session_id":"#, id)
            output.append(#","content":"#, content)
        case .capture(let id, let lines):
            output.append(#"{"target_id":"#, id)
            if let lines { output.append(#","scrollback_lines":"#, lines) }
        case .mcpBridge(let line): output.append(#"{"line":"#, line)
        case .shimLaunch(let id): output.append(#"{"session_id":"#, id)
        case .version, .watchers, .doctor, .stop, .events, .shimReady, .shimExit:
            preconditionFailure("\(type) wraps no request")
        }
        output.append(UInt8(ascii: "}"))
    }
}
