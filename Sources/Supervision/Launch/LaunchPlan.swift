import Fleet
import Wire

/// All that is needed to launch one runtime. It holds the values of its environment, so it is never shown or kept.
struct LaunchPlan: Sendable {
    var session: SessionID
    /// The name on the wire: of its launcher, or `command` for any other program.
    var runtime: String
    var target: RuntimeTarget
    /// The pane of a tmux target.
    var pane: PaneID?
    var launch: LaunchSpec
}
