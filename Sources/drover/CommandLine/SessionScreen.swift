import Bytes
import Client
import Fleet
import Wire

/// What a session shows at this moment, as lines.
struct SessionScreen: Equatable {
    /// Where it was read.
    enum Source: String {
        /// The pane in tmux.
        case pane
        /// The end of what was recorded of the daemon's own terminal.
        case recording
        /// The end of the log of a session without a terminal.
        case log
    }

    var source: Source
    /// With colours, when they come from a pane.
    var lines: [String]

    var plainLines: [String] {
        guard source == .pane else { return lines }
        var plain = PlainText()
        return lines.map { line in
            let bytes = plain.feed(Array((line + "\n").utf8))
            return String(decoding: bytes.dropLast(), as: UTF8.self)
        }
    }
}

extension SessionScreen {
    private static let tail = 256 << 10

    /// Reads it. `lines` counts from the end; without it a pane gives its visible part, anything else as many lines as
    /// its terminal has.
    init(
        _ session: Session, lines count: Int?, _ client: DaemonClient,
        runtime: () throws(CommandFailure) -> RuntimeRPCClient
    ) throws(CommandFailure) {
        if session.tmuxPane != nil {
            self.init(source: .pane, lines: try Self.pane(of: session, count, try runtime()))
            return
        }
        do {
            let count = count ?? session.json["terminal"]?["rows"]?.integer ?? 24
            // A line of many colours has hundreds of bytes.
            let tail = max(Self.tail, min(count, 100_000) * 512)
            let output = try client.output(of: session.id, from: -tail)
            self.init(source: session.isHeadless ? .log : .recording, lines: Self.last(count, of: output))
        } catch {
            throw CommandFailure(error)
        }
    }

    private static func pane(
        of session: Session, _ count: Int?, _ runtime: RuntimeRPCClient
    ) throws(CommandFailure) -> [String] {
        guard let id = SessionUUID.parse(session.id) else {
            throw CommandFailure("\(session.label) has an id that the runtime socket does not know.")
        }
        let outcome: CaptureOutcome
        do {
            outcome = try runtime.capture(id, scrollbackLines: UInt32(clamping: count ?? 0))
        } catch {
            throw CommandFailure(error)
        }
        switch outcome {
        case .captured(let snapshot):
            var lines = snapshot.content.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            // Rows that nobody wrote to, and the end behind the last line feed.
            while let last = lines.last, last.allSatisfy({ $0 == " " }) { lines.removeLast() }
            return count.map { lines.suffix($0) } ?? lines
        case .failed(let error): throw CommandFailure(error, of: session)
        }
    }

    private static func last(_ count: Int, of output: DaemonClient.Output) -> [String] {
        var plain = PlainText()
        let text = plain.feed(output.bytes) + plain.finish()
        var lines = String(decoding: text, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last == "" { lines.removeLast() }
        // The first one may have been cut in the middle.
        if output.offset > 0, lines.count > 1 { lines.removeFirst() }
        return lines.suffix(count).map(String.init)
    }
}

extension CommandFailure {
    /// Why there is no picture of a pane.
    init(_ error: CaptureError, of session: Session) {
        let pane = session.tmuxPane.map { " (\($0))" } ?? ""
        switch error {
        case .notATmuxTarget:
            self.init("\(session.label) is not in tmux.", hints: ["See what it wrote: drover logs \(session.label)"])
        case .paneUnavailable:
            self.init(
                "The pane of \(session.label)\(pane) is gone, and what it showed with it.",
                hints: ["See how the session ended: drover show \(session.label)"])
        case .sessionMissing:
            self.init("The daemon at the runtime socket does not know \(session.label).", hints: ["See: drover doctor"])
        case .tmuxNotAvailable:
            self.init(
                "The daemon cannot find tmux.", hints: ["Install tmux, and start the daemon where it is in PATH."])
        case .capturePaneFailed(let stderr): self.init("tmux refused to show the pane\(pane): \(stderr).")
        }
    }
}
