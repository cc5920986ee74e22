import Bytes
import Fleet
import Reactor
import Tmux

/// Shows a pane of tmux as a series of its screens: what a session in a pane has for a recording.
@Loop
final class PaneMirror: RuntimeOutput {
    private let row: RuntimeLifecycle
    private let watch: PaneWatch
    private let show: @Loop ([UInt8]) -> Void
    private var seen: Signature?
    private var shown: [UInt8] = []
    private var isPaused = false
    private var isAsking = false

    /// What changes when the screen does.
    private struct Signature: Equatable {
        var cursor: TmuxPane.Cursor
        var history: Int
        var activity: Int64
        var width: Int
        var height: Int
    }

    /// - Parameter row: Of a runtime whose pane is known.
    init(_ row: RuntimeLifecycle, watch: PaneWatch, show: @escaping @Loop ([UInt8]) -> Void) {
        self.row = row
        self.watch = watch
        self.show = show
        watch.add(self)
    }

    var id: PaneID? { row.paneID }

    func pause() { isPaused = true }
    func resume() { isPaused = false }

    /// The last screen is one look away, if the pane still is there.
    func finish(then completion: @escaping @Loop () -> Void) {
        watch.remove(self)
        take(then: completion)
    }

    /// Was listed. Looks at the screen when something about it is new, and once more when the second after that is over:
    /// tmux tells of activity by the second.
    func listed(_ pane: TmuxPane) {
        // What somebody else runs there now is not for this recording.
        guard row.isPlaced(in: pane, withItsProgram: true) else { return }
        let now = Signature(
            cursor: pane.cursor, history: pane.historySize, activity: pane.windowActivity, width: pane.width,
            height: pane.height)
        let isRecent = SystemClock.milliseconds / 1000 - pane.windowActivity <= 2
        guard !isPaused, now != seen || isRecent else { return }
        seen = now
        take {}
    }

    private func take(then completion: @escaping @Loop () -> Void) {
        guard !isAsking, let id else { return completion() }
        isAsking = true
        watch.tmux.screen(id) { [self] result in
            isAsking = false
            if case .success(let screen) = result {
                let frame = Self.frame(screen)
                if frame != shown {
                    shown = frame
                    show(frame)
                }
            }
            completion()
        }
    }

    /// The screen as a terminal draws it over whatever it showed before.
    private static func frame(_ screen: PaneScreen) -> [UInt8] {
        var output: [UInt8] = []
        output.append(literal: "\u{1B}[?25l\u{1B}[0m\u{1B}[H")
        var rows = screen.content.split(separator: 10, omittingEmptySubsequences: false)
        while rows.last?.isEmpty == true { rows.removeLast() }
        for (index, row) in rows.enumerated() {
            if index > 0 { output.append(literal: "\r\n") }
            output.append(contentsOf: row)
            // What stood to the right of it before.
            output.append(literal: "\u{1B}[0m\u{1B}[K")
        }
        output.append(literal: "\u{1B}[J\u{1B}[")
        output.append(contentsOf: "\(screen.cursor.row + 1);\(screen.cursor.column + 1)H".utf8)
        if screen.cursor.isVisible { output.append(literal: "\u{1B}[?25h") }
        return output
    }
}

/// One look a second at all panes, while there is a session in one.
@Loop
final class PaneWatch {
    private static let interval: Int64 = 1000

    let tmux: TmuxServer
    private var mirrors: [PaneMirror] = []
    private var isScheduled = false

    init(_ tmux: TmuxServer) { self.tmux = tmux }

    func add(_ mirror: PaneMirror) {
        mirrors.append(mirror)
        schedule(after: 100)
    }

    func remove(_ mirror: PaneMirror) { mirrors.removeAll { $0 === mirror } }

    private func schedule(after time: Int64) {
        guard !isScheduled, !mirrors.isEmpty else { return }
        isScheduled = true
        _ = LoopTimer(after: time) { [weak self] in self?.look() }
    }

    private func look() {
        tmux.panes { [self] result in
            isScheduled = false
            if case .success(let panes) = result {
                let byID = Dictionary(panes.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
                for mirror in mirrors {
                    if let pane = mirror.id.flatMap({ byID[$0] }), !pane.isDead { mirror.listed(pane) }
                }
            }
            schedule(after: Self.interval)
        }
    }
}

/// Shows nothing: for a runtime of which nobody knows where its output goes.
@Loop
final class NoOutput: RuntimeOutput {
    func pause() {}
    func resume() {}
    func finish(then completion: @escaping @Loop () -> Void) { completion() }
}
