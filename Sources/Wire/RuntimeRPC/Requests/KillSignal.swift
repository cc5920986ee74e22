/// The signals `kill` may send (runtime-rpc §2.2, Signal).
public enum KillSignal: String, CaseIterable, Sendable {
    case hup, int, term, kill

    /// Its number on Linux.
    public var number: Int32 {
        switch self {
        case .hup: return 1
        case .int: return 2
        case .term: return 15
        case .kill: return 9
        }
    }
}
