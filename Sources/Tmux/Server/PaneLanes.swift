import Fleet
import Reactor

/// What is typed into one pane goes there one after another: a paste, its pause and its Enter are never interleaved with
/// somebody else's.
@Loop
final class PaneLanes {
    typealias Job = @Loop (_ done: @escaping @Loop () -> Void) -> Void

    private var lanes: [PaneID: [Job]] = [:]

    /// Jobs that may wait for one pane.
    static let limit = 64

    /// Runs a job when those before it are done; `false` when too many wait.
    func enter(_ pane: PaneID, _ job: @escaping Job) -> Bool {
        guard let waiting = lanes[pane] else {
            lanes[pane] = []
            job { self.leave(pane) }
            return true
        }
        guard waiting.count < Self.limit else { return false }
        lanes[pane]!.append(job)
        return true
    }

    private func leave(_ pane: PaneID) {
        guard var waiting = lanes[pane] else { return }
        if waiting.isEmpty {
            lanes[pane] = nil
            return
        }
        let next = waiting.removeFirst()
        lanes[pane] = waiting
        next { self.leave(pane) }
    }
}
