import Fleet
import Reactor

// What changes a pane. All of it is one after another for one pane.
extension TmuxServer {
    /// How long an application gets to take in a paste before Enter comes, in milliseconds (runtime-rpc §5).
    static let pasteTime: Int64 = 150
    /// Bytes typed with one command.
    private static let pieceSize = 512

    /// Kills what runs in a pane and runs a program there, directly, without a shell (runtime-rpc §3.3); tells what the pane
    /// is from then on.
    ///
    /// - Parameter variable: The only one that is added to what tmux gives its panes.
    public func respawn(
        _ pane: PaneID, variable: (String, String), command: [String],
        then: @escaping @Loop (Result<PanePlacement, TmuxError>) -> Void
    ) {
        precondition(!command.isEmpty, "a program needs a name")
        // tmux hands a single word to a shell; several are executed as they are.
        let words = command.count > 1 ? command : ["/bin/sh", "-c", "exec \"$0\"", command[0]]
        let arguments =
            ["respawn-pane", "-k", "-t", pane.rawValue, "-e", "\(variable.0)=\(variable.1)", "--"] + words
        // Asked in the same turn of the server: a program that ends at once may take its pane with it.
        let question = ["display-message", "-p", "-t", pane.rawValue, TmuxPane.placementFormat]
        inLane(of: pane, then) { server, then in
            server.run([arguments, question]) {
                then(TmuxServer.understood($0, as: TmuxPane.placement, "what became of the pane"))
            }
        }
    }

    /// Types a text into a pane and submits it (runtime-rpc §5, D-10): any mode is left, the text is pasted as it is, in
    /// brackets if the application asked for them, and after a pause one Enter follows. Nothing but Enter when it is empty.
    ///
    /// - Parameters:
    ///   - content: Bytes without NUL; ends of a bracketed paste are taken out.
    ///   - name: A buffer of tmux's that nobody else uses; it is gone afterwards.
    public func paste(
        _ content: [UInt8], into pane: PaneID, buffer name: String,
        then: @escaping @Loop (Result<Void, TmuxError>) -> Void
    ) {
        let content = PasteContent.withoutPasteEnds(content)
        let script = PasteScript(pane: pane, buffer: name)
        inLane(of: pane, then) { server, then in
            if content.isEmpty { return server.carryOut(script.enter, of: script, then: then) }
            server.carryOut(script.paste, of: script, input: content) { result in
                guard case .success = result else { return then(result) }
                _ = LoopTimer(after: Self.pasteTime) { server.carryOut(script.enter, of: script, then: then) }
            }
        }
    }

    private func carryOut(
        _ commands: [[String]], of script: PasteScript, input: [UInt8] = [],
        then: @escaping @Loop (Result<Void, TmuxError>) -> Void
    ) {
        run(commands, input: input, time: options.answerTime * 2) { [weak self] result in
            switch result {
            case .success(let answer) where answer == PasteScript.refusal:
                then(.failure(.failed(stderr: "the pane takes no input: its program has ended, or its input is off")))
            case .success:
                then(.success(()))
            case .failure(let error):
                // Nobody else would ever take the text away.
                if error != .noServer, error != .notInstalled { self?.run([script.cleanUp]) { _ in } }
                then(.failure(error))
            }
        }
    }

    /// Types bytes as they are. They go where keys go: a pane in a mode takes them for the mode, and a synchronised window
    /// gets them in all its panes.
    public func sendBytes(
        _ bytes: [UInt8], to pane: PaneID, then: @escaping @Loop (Result<Void, TmuxError>) -> Void
    ) {
        inLane(of: pane, then) { server, then in
            // tmux drops keys for a pane that takes none and says nothing.
            server.pane(pane) { result in
                switch result {
                case .failure(let error): then(.failure(error))
                case .success(let found?) where !found.isDead && !found.isInputOff:
                    server.type(bytes[...], into: pane, then: then)
                case .success(.some):
                    then(
                        .failure(.failed(stderr: "the pane takes no input: its program has ended, or its input is off"))
                    )
                case .success(nil): then(.failure(.failed(stderr: "can't find pane: \(pane.rawValue)")))
                }
            }
        }
    }

    private func type(
        _ bytes: ArraySlice<UInt8>, into pane: PaneID, then: @escaping @Loop (Result<Void, TmuxError>) -> Void
    ) {
        let piece = bytes.prefix(Self.pieceSize)
        if piece.isEmpty { return then(.success(())) }
        let keys = piece.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        ask(["send-keys", "-t", pane.rawValue, "-H"] + keys, isRepeatable: false) { [weak self] result in
            guard let self, case .success = result else { return then(result.map { _ in }) }
            type(bytes.dropFirst(piece.count), into: pane, then: then)
        }
    }

    /// Gives a pane's window a size in cells. tmux then keeps it (`window-size manual`), whoever attaches.
    public func resize(
        windowOf pane: PaneID, columns: Int, rows: Int, then: @escaping @Loop (Result<Void, TmuxError>) -> Void
    ) {
        let arguments = ["resize-window", "-t", pane.rawValue, "-x", "\(columns)", "-y", "\(rows)"]
        inLane(of: pane, then) { server, then in server.ask(arguments) { then($0.map { _ in }) } }
    }

    private func inLane<Value>(
        of pane: PaneID, _ then: @escaping @Loop (Result<Value, TmuxError>) -> Void,
        _ body: @escaping @Loop (TmuxServer, @escaping @Loop (Result<Value, TmuxError>) -> Void) -> Void
    ) {
        guard mayAsk(about: pane, then) else { return }
        let isTaken = lanes.enter(pane) { done in
            body(self) { result in
                then(result)
                done()
            }
        }
        if !isTaken { later(then, .overloaded) }
    }
}
