/// What `tmux -V` says (runtime-rpc §7).
public enum TmuxVersion: Equatable, Sendable {
    /// Its own words, such as `tmux 3.3a`.
    case available(String)
    case notInstalled
    /// It is there and could not be asked.
    case failed(String)
}
