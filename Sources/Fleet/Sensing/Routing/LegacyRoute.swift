/// The decision of the older rules, made from shells alone, to compare the newer ones with (daemon-ipc §6.7).
public struct LegacyRoute: Equatable, Sendable {
    public var status: TerminalRoute.Status
    public var target: TerminalRoute.Target

    public init(status: TerminalRoute.Status, target: TerminalRoute.Target) {
        self.status = status
        self.target = target
    }

    public init(_ projectPath: String, shells: [SensedShell], at now: Timestamp, _ settings: RoutingSettings) {
        let project = LexicalPath.trimmingSlashes(projectPath)
        let best =
            shells.compactMap { shell -> (shell: SensedShell, quality: Int, age: Int64)? in
                let cwd = LexicalPath.trimmingSlashes(shell.canonicalCwd)
                let age = max(0, now - shell.updatedAt)
                if cwd == project { return (shell, 3, age) }
                let isRelated = LexicalPath.contains(project, cwd) || LexicalPath.contains(cwd, project)
                return isRelated ? (shell, 2, age) : nil
            }
            .min { left, right in
                if left.quality != right.quality { return left.quality > right.quality }
                if left.age != right.age { return left.age < right.age }
                return left.shell.tty.precedesByBytes(right.shell.tty)
            }
        guard let best, best.shell.target != .none else {
            self.init(status: .unavailable, target: .none)
            return
        }
        let hasClient = best.shell.tmuxClientTTY.map { !$0.isBlank } ?? false
        self.init(
            status: hasClient && best.age <= settings.shellSignalFresh ? .attached : .detached,
            target: best.shell.target)
    }
}
