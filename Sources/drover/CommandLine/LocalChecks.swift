import Client
import Glibc

/// What can be found out about this machine without a daemon.
struct LocalChecks {
    private let environment: Environment
    private let console: Console
    private let home: String

    private static let leastSpace = 200 << 20

    init(_ context: Context) {
        environment = context.environment
        console = context.console
        home = environment.droverHome
    }

    func all() -> [Check] {
        [program, homeCheck, database, space].compactMap { $0 } + programs + [terminal]
    }

    private var program: Check {
        Check("drover", .fine, "version \(DroverVersion.current)")
    }

    private var homeCheck: Check {
        var status = stat()
        guard stat(home, &status) == 0 else {
            return Check("home", .notice, "\(home) is not there yet", fix: "drover up makes it")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            return Check(
                "home", .broken, "\(home) is not a directory", fix: "Move it away, or choose another DROVER_HOME.")
        }
        guard access(home, R_OK | W_OK | X_OK) == 0 else {
            return Check("home", .broken, "\(home) cannot be written by you", fix: "chown -R $(id -un) \(home)")
        }
        guard status.st_mode & 0o077 == 0 else {
            return Check("home", .broken, "\(home) can be read by others", fix: "chmod 700 \(home)")
        }
        return Check("home", .fine, home)
    }

    private var database: Check? {
        if let url = environment["DATABASE_URL"], url.hasPrefix("postgres") {
            return Check("database", .fine, "PostgreSQL, as DATABASE_URL says")
        }
        let path = home + "/drover.db"
        var status = stat()
        guard stat(path, &status) == 0 else {
            return Check("database", .notice, "none yet", fix: "drover up makes one")
        }
        return Check("database", .fine, "\(path), \(byteCount(Int(status.st_size)))")
    }

    private var space: Check {
        var status = statvfs()
        // The home may not exist yet; its file system does.
        var path = home
        while statvfs(path, &status) != 0 {
            guard let slash = path.lastIndex(of: "/"), path != "/" else {
                return Check("disk", .notice, "its free space cannot be found out")
            }
            path = slash == path.startIndex ? "/" : String(path[..<slash])
        }
        let free = Int(status.f_bavail) * Int(status.f_frsize)
        guard free >= Self.leastSpace else {
            return Check("disk", .broken, "only \(byteCount(free)) are free", fix: "Make room where \(home) lies.")
        }
        return Check("disk", .fine, "\(byteCount(free)) free")
    }

    /// Programs that Drover works with; none of them is needed.
    private var programs: [Check] {
        ["tmux", "claude", "codex", "gemini"].map { name in
            if let path = programPath(name, in: environment) { return Check(name, .fine, path) }
            return Check(name, .notice, "not in PATH")
        }
    }

    private var terminal: Check {
        guard let size = TerminalSize.current else {
            return Check("terminal", .fine, "none (output goes to a program)")
        }
        let name = environment["TERM"] ?? "unknown"
        let colours = console.hasColours ? "colours" : "no colours"
        let letters = console.isUTF8 ? "UTF-8" : "no UTF-8"
        return Check("terminal", .fine, "\(name), \(size.columns) x \(size.rows), \(colours), \(letters)")
    }
}
