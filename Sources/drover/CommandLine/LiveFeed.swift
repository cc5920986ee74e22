import Bytes
import Client

/// Live news of one session over Socket.IO: its output, and the moments when its state may have changed.
final class LiveFeed {
    enum News: Equatable {
        /// A piece of output; `offset` and `count` are in the program's own bytes.
        case output(data: String, offset: Int?, count: Int, lost: Int)
        /// Something happened that may be the end.
        case changed
        case acknowledged(id: Int, reply: JSON)
        case refused(String)
    }

    /// Without any news for so long, one asks how the session is.
    static let heartbeat = Duration.seconds(5)

    let socket: SocketIOClient
    private let session: Session

    init(_ session: Session, _ client: DaemonClient, token: String?) throws(ClientError) {
        self.session = session
        socket = try SocketIOClient(to: client.address, token: token)
        _ = try socket.call("join_session", ["sessionId": .string(session.id)])
        // The agent's room tells of its end; without it the heartbeat does.
        _ = try? socket.call("join_agent", ["agentId": .string(session.agentID)])
    }

    /// A daemon that is gone may be restarting: so much time is given to it,
    static let patience = Duration.seconds(30)
    /// and so much between two tries.
    static let retryPause = Duration.milliseconds(300)

    /// Connects anew after a loss. `isGivenUp` is asked between two tries, and may wait for `retryPause`.
    static func again(
        _ session: Session, _ client: DaemonClient, token: String?, after error: ClientError, isGivenUp: () -> Bool
    ) throws(ClientError) -> LiveFeed {
        let deadline = ContinuousClock.now + patience
        var latest = error
        while ContinuousClock.now < deadline {
            do {
                return try LiveFeed(session, client, token: token)
            } catch {
                latest = error
                if case .refused = error { break }
            }
            if isGivenUp() { break }
        }
        throw latest
    }

    var descriptor: Int32 { socket.descriptor }

    /// What has arrived, without waiting; `nil` when the connection is over.
    func available() throws(ClientError) -> [News]? {
        try socket.available()?.compactMap { news in
            switch news {
            case .ack(let id, let arguments): return .acknowledged(id: id, reply: arguments.first ?? .null)
            case .event(let name, let arguments): return self.news(name, arguments.first ?? .null)
            }
        }
    }

    private func news(_ name: String, _ payload: JSON) -> News? {
        switch name {
        case "ws_error": return .refused(payload["message"]?.string ?? "")
        case "terminal_output" where payload["sessionId"]?.string == session.id:
            let data = payload["data"]?.string ?? ""
            return .output(
                data: data, offset: payload["offset"]?.integer, count: payload["bytes"]?.integer ?? data.utf8.count,
                lost: payload["lost"]?.integer ?? 0)
        case "work_stream_event" where payload["sessionId"]?.string == session.id:
            // `output` repeats what terminal_output has told already.
            return payload["type"]?.string == "output" ? nil : .changed
        case "agent_disconnect" where payload["sessionId"]?.string == session.id: return .changed
        default: return nil
        }
    }
}
