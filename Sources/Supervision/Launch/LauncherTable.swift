import Fleet
import Glibc
import Wire

/// Which program a runtime's name stands for (runtime-rpc §3.5, D-34).
public struct LauncherTable: Equatable, Sendable {
    public struct Launcher: Equatable, Sendable {
        /// The name on the wire, matched exactly.
        public var runtime: String
        /// A path, or a name to be looked up.
        public var command: String
        /// What is always passed before what a request adds.
        public var arguments: [String]

        public init(runtime: String, command: String? = nil, arguments: [String] = []) {
            self.runtime = runtime
            self.command = command ?? runtime
            self.arguments = arguments
        }
    }

    public private(set) var launchers: [Launcher]

    /// `claude` and `codex`, then what the configuration adds; a name that is there already is replaced in its place.
    public init(adding others: [Launcher] = []) {
        launchers = [Launcher(runtime: "claude"), Launcher(runtime: "codex")]
        for launcher in others {
            if let index = launchers.firstIndex(where: { $0.runtime == launcher.runtime }) {
                launchers[index] = launcher
            } else {
                launchers.append(launcher)
            }
        }
    }

    public subscript(runtime: String) -> Launcher? { launchers.first { $0.runtime == runtime } }
}

extension LauncherTable.Launcher {
    /// The program's path: looked for in each of the search paths, in order. Touches the disk.
    func resolve(searching paths: [String]) -> String? {
        if command.contains("/") { return Self.isProgram(command) ? command : nil }
        for path in paths {
            for directory in path.split(separator: ":") {
                let candidate = "\(directory)/\(command)"
                if Self.isProgram(candidate) { return candidate }
            }
        }
        return nil
    }

    private static func isProgram(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }

    /// What doctor says of it.
    func report(searching paths: [String]) -> DoctorReport.Launcher {
        let path = resolve(searching: paths)
        return DoctorReport.Launcher(
            runtime: runtime, command: path, error: path == nil ? "\(command) not found on PATH" : nil)
    }
}
