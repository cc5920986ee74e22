import Glibc

@testable import drover

/// A person at a terminal of their own, running the real program.
final class Seat {
    let master: Int32
    private let pid: pid_t
    private(set) var screen: [UInt8] = []

    /// The program beside these tests; `nil` where only the tests were built.
    private static var program: String? {
        let root = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }
        let path = root + "/.build/debug/drover"
        return access(path, X_OK) == 0 ? path : nil
    }

    // What Glibc keeps behind _GNU_SOURCE: TIOCSPTLCK, TIOCGPTN, POSIX_SPAWN_SETSID.
    private static let unlock: UInt = 0x4004_5431
    private static let number: UInt = 0x8004_5430
    private static let newSession: Int16 = 0x80

    /// `nil` where there is no program or no terminal to be had.
    ///
    /// `name` is what the program is called by, when not by its own.
    init?(
        _ words: [String], name: String? = nil, environment: [String: String], columns: UInt16 = 90, rows: UInt16 = 20
    ) {
        guard let program = Self.program else { return nil }
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var number: Int32 = 0
        guard master >= 0, ioctl(master, Self.unlock, &number) == 0, ioctl(master, Self.number, &number) == 0
        else { return nil }
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(master, UInt(TIOCSWINSZ), &size)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        // The first terminal that the leader of a session opens becomes its own.
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/pts/\(number)", O_RDWR, 0)
        posix_spawn_file_actions_adddup2(&actions, 0, 1)
        posix_spawn_file_actions_adddup2(&actions, 0, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        posix_spawnattr_setflags(&attributes, Self.newSession)
        var arguments = ([name ?? program] + words).map { strdup($0) } + [nil]
        var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [strdup("TERM=xterm-256color"), nil]
        defer {
            arguments.forEach { free($0) }
            variables.forEach { free($0) }
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        var pid: pid_t = 0
        guard posix_spawn(&pid, program, &actions, &attributes, &arguments, &variables) == 0 else { return nil }
        self.pid = pid
    }

    deinit {
        close(master)
    }

    func type(_ bytes: [UInt8]) {
        var bytes = bytes
        _ = write(master, &bytes, bytes.count)
    }

    func resize(columns: UInt16, rows: UInt16) {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    }

    func signal(_ number: Int32) { kill(pid, number) }

    /// Whether what is typed is shown by the terminal itself, as a shell wants it.
    var echoes: Bool {
        var settings = termios()
        tcgetattr(master, &settings)
        return settings.c_lflag & tcflag_t(ECHO) != 0
    }

    /// Reads until that text has appeared; false when it does not within ten seconds.
    func shows(_ text: String) -> Bool {
        let wanted = Array(text.utf8)
        let deadline = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < deadline {
            if contains(wanted) { return true }
            if !read() && !contains(wanted) { WallClock.sleep(.milliseconds(10)) }
        }
        return contains(wanted)
    }

    /// Waits for the program's end, and returns its exit code.
    func leaves() -> Int32? {
        let deadline = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < deadline {
            _ = read()
            var status: Int32 = 0
            if waitpid(pid, &status, WNOHANG) == pid {
                _ = read()
                return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
            }
        }
        kill(pid, SIGKILL)
        return nil
    }

    private func contains(_ wanted: [UInt8]) -> Bool {
        guard screen.count >= wanted.count else { return false }
        return (0...(screen.count - wanted.count)).contains { screen[$0..<($0 + wanted.count)].elementsEqual(wanted) }
    }

    private func read() -> Bool {
        var polled = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
        guard poll(&polled, 1, 50) > 0, polled.revents & Int16(POLLIN) != 0 else { return false }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(master, &buffer, buffer.count)
        if count > 0 { screen += buffer[..<count] }
        return count > 0
    }
}
