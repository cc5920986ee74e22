import Bytes
import Fleet

extension RPCResponse {
    /// The line in the words of a profile, without a line feed.
    public func encoded(_ profile: RPCProfile = .v03) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(expectedSize)
        append(profile, to: &output)
        return output
    }

    /// Appends ``encoded(_:)``.
    public func append(_ profile: RPCProfile = .v03, to output: inout [UInt8]) {
        switch profile {
        case .v03: append03(to: &output)
        }
    }

    private func append03(to output: inout [UInt8]) {
        output.append(#"{"type":"#, type)
        switch self {
        case .ack, .stopping:
            output.append(UInt8(ascii: "}"))
            return
        case .spawned(let spawned): output.append(#","payload":"#, spawned)
        case .status(let lifecycles):
            output.append(#","payload":{"lifecycles":"#, list: lifecycles)
            output.append(UInt8(ascii: "}"))
        case .events(let events, let cursor):
            output.append(#","payload":{"events":"#, list: events)
            output.append(#","cursor":"#, cursor)
            output.append(UInt8(ascii: "}"))
        case .cursorExpired(let oldest):
            output.append(#","payload":{"oldest":"#, oldest)
            output.append(UInt8(ascii: "}"))
        case .error(let error):
            output.append(#","payload":{"code":"#, error.code.rawValue)
            output.append(#","message":"#, error.message)
            output.append(UInt8(ascii: "}"))
        case .version(let version): Self.wrap(#","payload":{"version":"#, version, to: &output)
        case .watchers(let watchers): Self.wrap(#","payload":{"watchers":"#, watchers, to: &output)
        case .doctor(let doctor): Self.wrap(#","payload":{"doctor":"#, doctor, to: &output)
        case .shimLaunch(let launch): Self.wrap(#","payload":{"launch":"#, launch, to: &output)
        case .capture(let outcome): Self.wrap(#","payload":{"response":"#, outcome, to: &output)
        case .validateTarget, .killByPID, .nudge, .mcpBridge:
            output.append(literal: #","payload":{"response":{"#)
            appendResponse(to: &output)
            output.append(literal: "}}")
        }
        output.append(UInt8(ascii: "}"))
    }

    private static func wrap(_ prefix: StaticString, _ value: some RPCValue, to output: inout [UInt8]) {
        output.append(prefix, value)
        output.append(UInt8(ascii: "}"))
    }

    /// The members of those that are wrapped as `response`.
    private func appendResponse(to output: inout [UInt8]) {
        switch self {
        case .validateTarget(let outcome):
            output.append(#""valid":"#, outcome == .valid)
            output.append(#","outcome":"#, outcome)
        case .killByPID(let pid, let signal, let killedAfterGrace):
            output.append(#""pid":"#, pid)
            output.append(#","signal":"#, signal)
            output.append(#","killed_after_grace":"#, killedAfterGrace)
        case .nudge(let outcome):
            output.append(#""delivered":"#, outcome == .delivered)
            output.append(#","outcome":"#, outcome)
        case .mcpBridge(let line): output.append(#""line":"#, line)
        case .spawned, .status, .capture, .version, .watchers, .doctor, .events, .cursorExpired, .shimLaunch, .ack,
            .stopping, .error:
            preconditionFailure("\(type) wraps no response")
        }
    }

    /// Bytes to set aside, so that large answers grow in place once at most.
    private var expectedSize: Int {
        switch self {
        case .status(let lifecycles): return 64 + lifecycles.count * 512
        case .events(let events, _): return 64 + events.count * 224
        case .doctor(let report): return 2048 + report.logAvailability.count * 384
        case .capture(.captured(let snapshot)): return 256 + snapshot.content.utf8.count * 5 / 4
        case .mcpBridge(let line): return 64 + (line?.utf8.count ?? 0) * 5 / 4
        default: return 512
        }
    }
}
