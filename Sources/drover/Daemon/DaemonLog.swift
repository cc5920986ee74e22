import Glibc

/// The daemon's log: lines on standard error, for a person or for journald.
enum DaemonLog {
    nonisolated(unsafe) static var isQuiet = false

    static func info(_ message: String) { if !isQuiet { write("drover: \(message)") } }
    static func warn(_ message: String) { write("drover: warning: \(message)") }

    private static func write(_ line: String) {
        var bytes = Array(line.utf8)
        bytes.append(10)
        bytes.withUnsafeBytes { _ = Glibc.write(2, $0.baseAddress, $0.count) }
    }
}
