import Fleet
import Reactor
import Tmux

/// A supervised runtime as its session holds it: what it shows, and what can be done to it.
///
/// The runtime does not need this object, or this daemon.
@Loop
public final class RuntimeProcess {
    private let service: RuntimeService
    private let row: RuntimeLifecycle
    private weak var runtime: SupervisedRuntime?
    private var output: (any RuntimeOutput)?
    private var onEnd: (@Loop (ProcessEnd) -> Void)?
    private var end: ProcessEnd?

    /// - Parameter runtime: `nil` when it has ended already.
    init(_ row: RuntimeLifecycle, _ runtime: SupervisedRuntime?, service: RuntimeService) {
        self.row = row
        self.runtime = runtime
        self.service = service
    }

    public var target: RuntimeTarget { row.target }

    /// The row as it is now.
    private var current: RuntimeLifecycle { runtime?.decided ?? row }

    public var identity: Fleet.ProcessIdentity? {
        row.runtimePID.map { pid in
            Fleet.ProcessIdentity(
                pid: Int(pid), startTicks: Int(clamping: row.startTicks ?? 0), bootID: row.bootID ?? "")
        }
    }

    /// Begins to show output, and tells the end once, after the last of it.
    public func begin(
        output show: @escaping @Loop ([UInt8]) -> Void, end: @escaping @Loop (ProcessEnd) -> Void
    ) {
        onEnd = end
        let session = row.sessionID
        switch row.target {
        case .headless:
            output = LogTail(
                [service.settings.stdoutPath(of: session), service.settings.stderrPath(of: session)],
                position: service.settings.logDirectory(of: session) + "/.shown", show: show)
        case .tmux:
            output = row.paneID.map { _ in PaneMirror(current, watch: service.paneWatch, show: show) } ?? NoOutput()
        }
        if self.end != nil { finish() }
    }

    /// Whether it has a terminal to type into.
    public var takesInput: Bool { row.paneID != nil }

    /// Types bytes into its pane, as they are.
    public func write(_ bytes: [UInt8]) {
        let service = service
        // Looked at each time: what was typed for an agent must not run in a shell that took its place.
        service.pane(of: current, withItsProgram: true) { result in
            guard case .success(let pane?) = result else { return }
            service.tmux.sendBytes(bytes, to: pane.id) { _ in }
        }
    }

    /// Signals the runtime, if it is still the one that was started.
    public func signal(_ signal: Signal) { runtime?.openRuntime()?.signal(signal.rawValue) }

    public func pauseOutput() { output?.pause() }
    public func resumeOutput() { output?.resume() }

    func ended(_ end: ProcessEnd) {
        guard self.end == nil else { return }
        self.end = end
        if onEnd != nil { finish() }
    }

    private func finish() {
        guard let output else { return told() }
        self.output = nil
        output.finish { [self] in told() }
    }

    private func told() {
        let body = onEnd
        onEnd = nil
        if let end { body?(end) }
    }
}

/// Where the output of a runtime is read.
@Loop
protocol RuntimeOutput: AnyObject {
    func pause()
    func resume()
    /// Shows what is left, then calls back.
    func finish(then completion: @escaping @Loop () -> Void)
}
