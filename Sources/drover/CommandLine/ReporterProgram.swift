import Glibc

/// Where drover-hook is.
enum ReporterProgram {
    /// As `DROVER_HOOK` says, else beside this program, else in `PATH`.
    static func path(in context: Context) throws(CommandFailure) -> String {
        if let path = context.environment["DROVER_HOOK"] { return absolutePath(path) }
        let inPath = programPath("drover-hook", in: context.environment).map { absolutePath($0) }
        if let program = real("/proc/self/exe"), let slash = program.lastIndex(of: "/") {
            let beside = program[..<slash] + "/drover-hook"
            if access(String(beside), X_OK) == 0 {
                // The same program by a name that outlives an upgrade.
                if let inPath, real(inPath) == real(String(beside)) { return inPath }
                return String(beside)
            }
        }
        if let inPath { return inPath }
        throw CommandFailure(
            "drover-hook is neither beside this program nor in PATH.",
            hints: ["Install Drover again, or name it with DROVER_HOOK."])
    }

    /// The same, and it is there to be run: settings that name it are about to be written.
    static func existingPath(in context: Context) throws(CommandFailure) -> String {
        let path = try path(in: context)
        guard access(path, X_OK) == 0 else {
            throw CommandFailure(
                "\(path) cannot be run.", hints: ["Install Drover again, or name drover-hook with DROVER_HOOK."])
        }
        return path
    }

    /// With all links resolved.
    private static func real(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
