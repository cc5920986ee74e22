import Fleet
import Glibc
import HookReport
import Spool

/// What the hook asks of the system.
enum System {
    enum Side: Int32 {
        case output = 1
        case errors = 2
    }

    /// The value of a variable; `nil` when it is not set or empty.
    static func variable(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }

    static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    /// Milliseconds of a clock that nobody sets.
    static var uptime: Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }

    static func sleep(milliseconds: Int) {
        // A signal may cut it short; nothing depends on its length.
        usleep(UInt32(milliseconds) * 1000)
    }

    static var random: UInt64 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }

    /// `~/.capacitor`; `nil` when there is no knowing where the user is at home.
    static let capacitorHome: String? = {
        if let home = variable("HOME") { return home + "/.capacitor" }
        guard let passwords = SmallFile.read("/etc/passwd", limit: 1 << 20) else { return nil }
        return Home.directory(of: geteuid(), in: passwords).map { $0 + "/.capacitor" }
    }()

    static var isDaemonEnabled: Bool {
        guard let value = getenv("CAPACITOR_DAEMON_ENABLED") else { return true }
        return Switch.isOn(String(cString: value))
    }

    static func say(_ text: String, to side: Side) {
        _ = SmallFile.write(Array((text + "\n").utf8), to: side.rawValue)
    }

    static func exit(_ status: Int32) -> Never { Glibc.exit(status) }

    /// An error's number in words.
    static func words(_ number: Int32) -> String { String(cString: strerror(number)) }
}
