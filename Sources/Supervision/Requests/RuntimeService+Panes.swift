import Bytes
import Fleet
import Reactor
import Tmux
import Wire

// What concerns the pane of a session: `nudge` (runtime-rpc §5) and `capture` (§6).
extension RuntimeService {
    func nudge(_ session: SessionID, _ content: String, then answer: @escaping Answer) {
        guard let row = table[session] else { return answer(.error(.sessionNotFound(session))) }
        guard row.target.pane != nil else { return answer(.nudge(.unsupported(.headlessLifecycle))) }
        // Whoever sits in the pane now is not the session's agent (D-09).
        guard !row.state.isTerminal else { return answer(.nudge(.failed(.tmuxPaneDead))) }
        pane(of: row, withItsProgram: true) { [self] result in
            guard case .success(let pane?) = result else { return answer(.nudge(.failed(.tmuxPaneDead))) }
            tmux.paste(Array(content.utf8), into: pane.id, buffer: "rtm-\(session)") { result in
                switch result {
                case .success: answer(.nudge(.delivered))
                case .failure(let error):
                    answer(.error(RPCError(.runtimeUnavailable, "tmux did not take the text: \(error)")))
                }
            }
        }
    }

    func capture(_ session: SessionID, lines: UInt32?, then answer: @escaping Answer) {
        guard let row = table[session] else { return answer(.capture(.failed(.sessionMissing))) }
        guard row.target.pane != nil else { return answer(.capture(.failed(.notATmuxTarget))) }
        let requested = lines ?? 1000
        pane(of: row) { [self] result in
            guard case .success(let pane?) = result else { return answer(.capture(.failed(.paneUnavailable))) }
            tmux.capture(pane.id, scrollback: Int(requested)) { result in
                switch result {
                case .success(let capture):
                    answer(.capture(.captured(PaneSnapshot(capture, requested: requested))))
                case .failure(.notInstalled): answer(.capture(.failed(.tmuxNotAvailable)))
                case .failure(.failed(let stderr)):
                    answer(.capture(.failed(.capturePaneFailed(stderr: stderr))))
                case .failure(let error):
                    answer(.capture(.failed(.capturePaneFailed(stderr: "\(error)"))))
                }
            }
        }
    }

    /// The pane of a row, alive; by its own name where that is known, since addresses move (D-28).
    ///
    /// - Parameter withItsProgram: Only if it still holds what was started there, and nothing that somebody put in its place.
    func pane(
        of row: RuntimeLifecycle, withItsProgram: Bool = false,
        then completion: @escaping @Loop (Result<TmuxPane?, TmuxError>) -> Void
    ) {
        let answer: @Loop (Result<TmuxPane?, TmuxError>) -> Void = { result in
            completion(
                result.map { pane in
                    guard let pane, !pane.isDead, row.isPlaced(in: pane, withItsProgram: withItsProgram) else {
                        return nil
                    }
                    return pane
                })
        }
        if let id = row.paneID {
            tmux.pane(id, then: answer)
        } else if let address = row.target.pane {
            tmux.pane(at: address, then: answer)
        } else {
            completion(.success(nil))
        }
    }
}

extension RuntimeLifecycle {
    /// Whether a pane of the same name is the one the runtime was put in. Of one that nobody remembers more of, the name is
    /// all there is to go by.
    func isPlaced(in pane: TmuxPane, withItsProgram: Bool) -> Bool {
        guard let placement else { return true }
        return placement.server == pane.server && (!withItsProgram || placement.pid == UInt32(clamping: pane.pid))
    }
}

extension PaneSnapshot {
    init(_ capture: PaneCapture, requested: UInt32) {
        self.init(
            content: String(decoding: capture.content, as: UTF8.self),
            capturedAtMilliseconds: UInt64(SystemClock.milliseconds), scrollbackLinesRequested: requested,
            scrollbackLinesIncluded: UInt32(clamping: capture.content.lineCount),
            paneHistoryLines: UInt32(clamping: capture.historySize))
    }
}

extension [UInt8] {
    /// Lines, the last one also without its end.
    fileprivate var lineCount: Int {
        let ends = count { $0 == 10 }
        return last == 10 || isEmpty ? ends : ends + 1
    }
}
