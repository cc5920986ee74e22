import Glibc

/// Where drover-hook is.
enum ReporterProgram {
    /// As `DROVER_HOOK` says, else beside this program, else in `PATH`.
    static func path(in context: Context) throws(CommandFailure) -> String {
        if let path = context.environment["DROVER_HOOK"] { return absolutePath(path) }
        if let own = realpath("/proc/self/exe", nil) {
            defer { free(own) }
            let program = String(cString: own)
            if let slash = program.lastIndex(of: "/") {
                let beside = program[..<slash] + "/drover-hook"
                if access(String(beside), X_OK) == 0 { return String(beside) }
            }
        }
        if let path = programPath("drover-hook", in: context.environment) { return absolutePath(path) }
        throw CommandFailure(
            "drover-hook is neither beside this program nor in PATH.",
            hints: ["Install Drover again, or name it with DROVER_HOOK."])
    }
}
