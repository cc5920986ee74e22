import Client

/// One line on stderr that says what is awaited, once it has taken longer than a second. Only on a terminal.
final class Progress {
    private let doing: String
    private let console: Console
    private let startedAt = ContinuousClock.now
    private var frame = 0
    private var isShown = false

    private static let patience = Duration.seconds(1)
    private static let frames = Array("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
    private static let plainFrames = Array("|/-\\")

    init(_ doing: String, on console: Console) {
        self.doing = doing
        self.console = console
    }

    /// To be called about ten times a second.
    func tick() {
        guard console.errors.isTerminal, ContinuousClock.now - startedAt > Self.patience else { return }
        isShown = true
        let frames = console.isUTF8 ? Self.frames : Self.plainFrames
        console.errors.write(Array("\r\u{1B}[K\(frames[frame % frames.count]) \(doing)".utf8))
        frame += 1
    }

    /// Takes the line away.
    func finish() {
        guard isShown else { return }
        isShown = false
        console.errors.write(Array("\r\u{1B}[K".utf8))
    }
}
