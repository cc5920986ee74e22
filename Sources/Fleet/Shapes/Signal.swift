/// A signal of the kernel, by its number on Linux.
public struct Signal: RawRepresentable, Hashable, Sendable {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }

    public static let hangup = Signal(rawValue: 1)
    public static let interrupt = Signal(rawValue: 2)
    public static let quit = Signal(rawValue: 3)
    public static let kill = Signal(rawValue: 9)
    public static let user1 = Signal(rawValue: 10)
    public static let user2 = Signal(rawValue: 12)
    public static let terminate = Signal(rawValue: 15)
    public static let `continue` = Signal(rawValue: 18)
    public static let stop = Signal(rawValue: 19)

    /// Those a person may send to a session's process group (docs/protocols/fleet-api.md).
    public static let sendable: [Signal] = [.interrupt, .terminate, .kill, .hangup, .quit, .user1, .user2]

    /// `SIGKILL`, or `SIG` and the number for one without a name.
    public var name: String {
        let index = Int(rawValue) - 1
        return Self.names.indices.contains(index) ? "SIG" + Self.names[index] : "SIG\(rawValue)"
    }

    /// Reads what ``name`` writes.
    public init?(name: String) {
        guard name.hasPrefix("SIG") else { return nil }
        let short = String(name.dropFirst(3))
        if let index = Self.names.firstIndex(of: short) {
            self.init(rawValue: Int32(index + 1))
        } else if let number = Int32(short), number > 0 {
            self.init(rawValue: number)
        } else {
            return nil
        }
    }

    private static let names = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
        "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
        "WINCH", "IO", "PWR", "SYS",
    ]
}

extension Signal: CustomStringConvertible {
    public var description: String { name }
}
