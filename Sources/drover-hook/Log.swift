import Glibc
import HookReport
import Spool

/// What the hook has to say to whoever looks for a reason: `~/.capacitor/drover-hook.log`.
///
/// Failures always, everything else with `CAPACITOR_DEBUG_LOG`. No prompts, and paths of projects only when debugging.
enum Log {
    /// Bytes after which the log begins anew, the old one kept beside it.
    private static let limit = 1 << 20

    static let isDebugging = System.variable("CAPACITOR_DEBUG_LOG").map { Switch.isOn($0) } ?? false

    static func debug(_ text: @autoclosure () -> String) {
        if isDebugging { write("debug", text()) }
    }

    static func failure(_ text: String) { write("error", text) }

    private static func write(_ level: String, _ text: String) {
        guard let home = System.capacitorHome else { return }
        let path = home + "/drover-hook.log"
        var descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        if descriptor < 0, errno == ENOENT {
            mkdir(home, 0o700)
            descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        }
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var status = stat()
        if fstat(descriptor, &status) == 0, status.st_size > limit { rename(path, path + ".1") }
        let line = "\(System.now.iso8601) \(getpid()) \(level) \(text)\n"
        _ = SmallFile.write(Array(line.utf8), to: descriptor)
    }
}
