import Bytes
import Fleet
import Wire

/// Why something asked over the socket of the daemon IPC did not come about.
public enum SensingClientError: Error, Equatable, Sendable {
    /// Nobody answers there.
    case unreachable(path: String, reason: String)
    /// The daemon refused, in its own words (daemon-ipc §10).
    case refused(IPCError)
    /// An answer of another version.
    case unreadable(String)
}

/// Asks the daemon over the socket of the daemon IPC: one request, one answer, one connection each.
///
/// Blocking for its caller, with a time-out on every wait.
public struct SensingClient: Sendable {
    public let path: String
    private static let timeout = Duration.seconds(5)
    private static let answerLimit = 16 << 20

    public init(path: String) { self.path = path }

    /// Sends a request line that somebody else wrote, and says whether the daemon has taken or refused it: then it need
    /// not be sent again. A daemon that could not store it, or has no place, is asked again later.
    public func deliver(_ line: [UInt8]) -> Bool {
        guard let answer = try? exchange(line, doing: "handing an event over") else { return false }
        guard case .failure(let error)? = try? IPCAnswer(line: answer) else { return true }
        switch error.code {
        case .sessionsError, .tooManyConnections, .readTimeout, .readError: return false
        default: return true
        }
    }

    private func exchange(_ request: [UInt8], doing: String) throws(RuntimeRPCError) -> [UInt8] {
        let connection = try RuntimeConnection(to: path, timeout: Self.timeout)
        let end: [UInt8] = request.last == 10 ? [] : [10]
        try connection.send(request + end, timeout: Self.timeout)
        return try connection.line(limit: Self.answerLimit, timeout: Self.timeout, doing: doing)
    }

    /// The data of a successful answer.
    public func ask<Value: IPCValue>(
        _ method: IPCMethod, as type: Value.Type = Value.self
    ) throws(SensingClientError) -> Value {
        let line: [UInt8]
        do throws(RuntimeRPCError) {
            line = try exchange(IPCRequest(method: method).encoded(), doing: "asking \(method.name)")
        } catch {
            throw .unreachable(path: path, reason: error.systemReason ?? "\(error)")
        }
        let answer: IPCAnswer
        do { answer = try IPCAnswer(line: line) } catch { throw .unreadable("\(error)") }
        do throws(IPCAnswerError) {
            return try answer.value(as: type)
        } catch {
            switch error {
            case .refused(let error): throw .refused(error)
            case .unreadable(let error): throw .unreadable("\(error)")
            }
        }
    }
}
