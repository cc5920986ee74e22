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
public struct SensingClient {
    public let path: String
    private static let timeout = Duration.seconds(5)
    private static let answerLimit = 16 << 20

    public init(path: String) { self.path = path }

    /// The data of a successful answer.
    public func ask<Value: IPCValue>(
        _ method: IPCMethod, as type: Value.Type = Value.self
    ) throws(SensingClientError) -> Value {
        let line: [UInt8]
        do throws(RuntimeClientError) {
            let connection = try RuntimeConnection(to: path, timeout: Self.timeout)
            try connection.send(IPCRequest(method: method).encoded() + [UInt8(ascii: "\n")], timeout: Self.timeout)
            line = try connection.line(limit: Self.answerLimit, timeout: Self.timeout, doing: "asking \(method.name)")
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
