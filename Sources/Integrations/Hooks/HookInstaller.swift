import Glibc

/// Sets agents up to report to Drover, and undoes it.
public struct HookInstaller: Sendable {
    let files: AgentFiles
    let keeper: ChangeKeeper
    /// The reporter, as an absolute path that stays the same from version to version.
    let program: String

    public init(files: AgentFiles, keeper: ChangeKeeper, program: String) {
        self.files = files
        self.keeper = keeper
        self.program = program
    }

    /// What setting up an agent would change.
    public func planInstall(_ agent: WatchedAgent, project: String?) throws(IntegrationError) -> ChangeKeeper.Change {
        let path = files.hooks(of: agent, project: project)
        return try keeper.planInstall(path) { (before) throws(IntegrationError) in
            guard agent != .opencode else {
                if let before, !OpencodePlugin.isOurs(before) { throw .foreign(path: path) }
                return OpencodePlugin.text(program: program)
            }
            do throws(HookSettings.Failure) {
                var settings = try HookSettings(before ?? [], of: agent)
                try settings.install(program: program)
                // Settings that were empty stay so when there is nothing to add.
                return settings.bytes
            } catch {
                throw .unreadable(path: path, line: error.line, reason: error.reason)
            }
        }
    }

    /// What taking an agent's set-up away would change.
    public func planUninstall(_ agent: WatchedAgent, project: String?) throws(IntegrationError) -> ChangeKeeper.Change {
        let path = files.hooks(of: agent, project: project)
        return try keeper.planUninstall(path) { (text, original) throws(IntegrationError) in
            guard agent != .opencode else { return OpencodePlugin.isOurs(text) ? nil : text }
            do throws(HookSettings.Failure) {
                var settings = try HookSettings(text, of: agent)
                guard !settings.entries.isEmpty else { return text }
                try settings.uninstall(original: original)
                return settings.bytes
            } catch {
                throw .unreadable(path: path, line: error.line, reason: error.reason)
            }
        }
    }

    public func apply(
        _ change: ChangeKeeper.Change, _ direction: ChangeKeeper.Direction, now: Int
    ) throws(IntegrationError) {
        try keeper.apply(change, direction, now: now)
    }
}
