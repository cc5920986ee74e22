import Fleet
import Reactor

extension TmuxServer {
    /// Asks for tmux's version, which needs no server.
    public func version(then: @escaping @Loop (TmuxVersion) -> Void) {
        processes.run(command(["-V"]), time: options.answerTime) { result in
            switch result {
            case .success(let answer): then(.available(TmuxError.trimmed(answer)))
            case .failure(.notInstalled): then(.notInstalled)
            case .failure(let error): then(.failed("\(error)"))
            }
        }
    }

    /// Lists all panes of all sessions. Empty only when the server says so: without one the answer is `noServer`.
    public func panes(then: @escaping @Loop (Result<[TmuxPane], TmuxError>) -> Void) {
        list(filter: nil, then: then)
    }

    /// Lists the panes of all sessions whose programs run, with their server, and nothing else: a quick question.
    public func livingPanes(then: @escaping @Loop (Result<[PaneID: String], TmuxError>) -> Void) {
        ask(["list-panes", "-a", "-F", TmuxPane.lifeFormat]) { result in
            then(Self.understood(result, as: TmuxPane.living, "the list of panes"))
        }
    }

    /// Looks for the pane at an address whose program runs; `nil` when there is none. The session's name is matched exactly,
    /// byte for byte, not by its beginning as tmux's `-t` does (D-28).
    public func pane(at address: PaneAddress, then: @escaping @Loop (Result<TmuxPane?, TmuxError>) -> Void) {
        // Numbers can be trusted to tmux's patterns, names cannot.
        let filter =
            "#{&&:#{==:#{window_index},\(address.window)},#{==:#{pane_index},\(address.pane)}}"
        list(filter: filter) { then($0.map { $0.first { $0.isAlive(at: address) } }) }
    }

    /// Looks for a pane by its id, dead or alive; `nil` when there is none.
    public func pane(_ id: PaneID, then: @escaping @Loop (Result<TmuxPane?, TmuxError>) -> Void) {
        guard mayAsk(about: id, then) else { return }
        list(filter: "#{==:#{pane_id},\(id.rawValue)}") { then($0.map { $0.first { $0.id == id } }) }
    }

    private func list(filter: String?, then: @escaping @Loop (Result<[TmuxPane], TmuxError>) -> Void) {
        let filtering = filter.map { ["-f", $0] } ?? []
        ask(["list-panes", "-a", "-F", TmuxPane.format] + filtering) { [weak self] result in
            switch result {
            case .failure(.failed(stderr: "no current target")):
                // What `-a` does not need is missed all the same: a session. A server may be kept without any.
                guard let self else { return then(.failure(.closed)) }
                run([["list-sessions", "-F", "#{session_id}"]]) { then($0.flatMap(Self.noPanes)) }
            case .failure(let error): then(.failure(error))
            case .success(let answer):
                guard var panes = TmuxPane.list(answer) else {
                    return then(.failure(.failed(stderr: "the list of panes cannot be understood")))
                }
                if let ours = self?.connection?.sessionID {
                    for index in panes.indices where panes[index].sessionID == ours {
                        panes[index].sessionAttached -= 1
                    }
                }
                then(.success(panes))
            }
        }
    }

    /// No panes, if there are no sessions either; one that was made meanwhile has some that are not known.
    private static func noPanes(sessions: [UInt8]) -> Result<[TmuxPane], TmuxError> {
        sessions.isEmpty ? .success([]) : .failure(.failed(stderr: "the list of panes was refused"))
    }

    // MARK: - What panes show

    /// Captures what a pane shows and up to `scrollback` lines of what it has shown; clamped to 1 000 000 (runtime-rpc §6).
    ///
    /// By a process of its own: an answer in control mode is lines, which a program that knows tmux's clock and counter could
    /// end, and many of them would keep other questions waiting. Both commands run in one turn of the server.
    public func capture(
        _ pane: PaneID, scrollback: Int, then: @escaping @Loop (Result<PaneCapture, TmuxError>) -> Void
    ) {
        guard mayAsk(about: pane, then) else { return }
        let target = pane.rawValue
        let commands = [
            ["capture-pane", "-p", "-e", "-S", PaneCapture.start(scrollback: scrollback), "-t", target],
            ["display-message", "-p", "-t", target, "#{history_size}"],
        ]
        run(commands, time: options.answerTime * 2) { result in
            then(Self.understood(result, as: PaneCapture.init(answer:), "the capture"))
        }
    }

    /// Takes the visible screen with its escapes and the cursor, both of one moment. By a process of its own, as a capture.
    public func screen(_ pane: PaneID, then: @escaping @Loop (Result<PaneScreen, TmuxError>) -> Void) {
        guard mayAsk(about: pane, then) else { return }
        let target = pane.rawValue
        let commands = [
            ["display-message", "-p", "-t", target, PaneScreen.format], ["capture-pane", "-p", "-e", "-t", target],
        ]
        run(commands) { then(Self.understood($0, as: PaneScreen.init(answer:), "the screen")) }
    }

    static func understood<Value>(
        _ result: Result<[UInt8], TmuxError>, as read: ([UInt8]) -> Value?, _ what: String
    ) -> Result<Value, TmuxError> {
        result.flatMap { answer in
            read(answer).map { .success($0) } ?? .failure(.failed(stderr: "\(what) cannot be understood"))
        }
    }
}

extension TmuxServer {
    /// Lists clients and panes by the formats that the caller understands, one after the other.
    public func listing(
        clients clientFormat: String, panes paneFormat: String,
        then: @escaping @Loop (Result<(clients: [UInt8], panes: [UInt8]), TmuxError>) -> Void
    ) {
        ask(["list-clients", "-F", clientFormat]) { [weak self] clients in
            guard let self, case .success(let clients) = clients else { return then(clients.map { ($0, []) }) }
            ask(["list-panes", "-a", "-F", paneFormat]) { panes in then(panes.map { (clients, $0) }) }
        }
    }
}
