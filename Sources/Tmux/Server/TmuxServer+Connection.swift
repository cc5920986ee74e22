import Reactor

// How the connection in control mode comes and goes. Questions never wait for it.
extension TmuxServer {
    /// When to look again at a connection on which somebody waits, in milliseconds.
    private static let busyTime: Int64 = 100

    /// The server is there and answers: perhaps a connection is worth while now.
    func answeredByProcess() {
        guard options.mayConnect, !isClosed, policy.answered(at: Loop.now) == .connect else { return }
        let sessions = ["list-sessions", "-F", ConnectionSession.format]
        processes.run(command(TmuxArgument.list([sessions])), time: options.answerTime) { [weak self] in
            self?.listedSessions($0)
        }
    }

    private func listedSessions(_ result: Result<[UInt8], TmuxError>) {
        guard !isClosed else { return }
        switch result {
        case .failure: policy.failed(at: Loop.now)
        case .success(let answer):
            guard let session = ConnectionSession(listed: answer) else { return policy.unfit(at: Loop.now) }
            let hooks = [
                ["display-message", "-p", "-t", session.id, "#{socket_path}"], ["show-hooks", "-g"],
                ["show-hooks", "-t", session.id],
            ]
            processes.run(command(TmuxArgument.list(hooks)), time: options.answerTime) { [weak self] in
                self?.listedHooks($0, of: session)
            }
        }
    }

    private func listedHooks(_ result: Result<[UInt8], TmuxError>, of session: ConnectionSession) {
        guard !isClosed else { return }
        switch result {
        case .failure: policy.failed(at: Loop.now)
        case .success(let answer):
            let end = answer.firstIndex(of: UInt8(ascii: "\n")) ?? answer.endIndex
            let path = String(decoding: answer[..<end], as: UTF8.self)
            let hooks = Array(answer[end...])
            guard path.hasPrefix("/"), !ConnectionSession.hasClientHooks(hooks) else {
                return policy.unfit(at: Loop.now)
            }
            connect(to: session, of: path)
        }
    }

    private func connect(to session: ConnectionSession, of path: String) {
        let relay: ClientRelay
        do throws(ReactorError) { relay = try ClientRelay(server: path) } catch {
            // Where no socket can be made, processes will do.
            return policy.unfit(at: Loop.now)
        }
        let attach = ["-C", "attach-session", "-E", "-f", "no-output,ignore-size", "-t", session.id]
        connection = ControlConnection(
            command(attach, at: relay.path), over: relay,
            onReady: { [weak self] in self?.connected() },
            onEnd: { [weak self] _ in self?.disconnected() })
    }

    private func connected() {
        policy.connected(at: Loop.now)
        watchIdleness()
    }

    private func disconnected() {
        connection = nil
        idleTimer?.cancel()
        policy.failed(at: Loop.now)
    }

    /// One timer, which looks again when it fires: a question does not need to move it.
    private func watchIdleness() {
        guard let connection else { return }
        if !connection.isIdle {
            idleTimer = LoopTimer(after: Self.busyTime) { [weak self] in self?.watchIdleness() }
            return
        }
        switch policy.wake(at: Loop.now) {
        case .sleep(let until):
            idleTimer = LoopTimer(after: until - Loop.now) { [weak self] in self?.watchIdleness() }
        case .giveUp:
            connection.close()
            self.connection = nil
        case .nothing: break
        }
    }
}
