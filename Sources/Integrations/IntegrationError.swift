/// Why something could not be set up, or taken away again.
public enum IntegrationError: Error, Equatable, Sendable {
    /// The file is not what it should be at that line, so it is left alone.
    case unreadable(path: String, line: Int, reason: String)
    /// The system said no.
    case system(doing: String, path: String, errno: Int32, words: String)
    /// Somebody else's file stands where ours would.
    case foreign(path: String)
    /// Another program changed the file again and again while we were about to.
    case contended(path: String)
    /// Another installation is under way.
    case locked(path: String)
}

extension IntegrationError {
    /// What happened.
    public var sentence: String {
        switch self {
        case .unreadable(let path, let line, let reason):
            return "\(path), line \(line): \(reason). It is left as it is."
        case .system(let doing, let path, _, let words): return "\(doing) \(path): \(words)."
        case .foreign(let path): return "\(path) is not Drover's, so it is left as it is."
        case .contended(let path): return "\(path) changed while it was being edited."
        case .locked: return "Another drover is changing settings at this moment."
        }
    }

    /// What to do next.
    public var hint: String {
        switch self {
        case .unreadable: return "Correct that line, then try again."
        case .system: return "See that you may write there, then try again."
        case .foreign: return "Move it away if you do not need it, then try again."
        case .contended, .locked: return "Try again in a moment."
        }
    }
}
