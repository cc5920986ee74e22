import Glibc

/// Why a path was refused, or what the kernel had against it. The text is the path as it was given.
public enum SandboxError: Error, Equatable, Sendable {
    /// It leads out of the workspace, by itself or through a link.
    case outside(String)
    /// It is, leads to, or lies in something that tools never see (chat-runtime §5.8).
    case protected(String)
    case missing(String)
    case notADirectory(String)
    /// A directory, a pipe, a socket or a device where a file was asked for.
    case notAFile(String)
    case tooManyLinks(String)
    case invalid(String)
    case system(String, error: Int32)
}

extension SandboxError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .outside(let path): return "\(path) lies outside the workspace"
        case .protected(let path): return "\(path) is protected"
        case .missing(let path): return "\(path) does not exist"
        case .notADirectory(let path): return "\(path) is not a directory"
        case .notAFile(let path): return "\(path) is not a regular file"
        case .tooManyLinks(let path): return "\(path) leads through too many links"
        case .invalid(let path): return "\(path) is not a path"
        case .system(let path, let error): return "\(path): \(String(cString: strerror(error)))"
        }
    }
}
