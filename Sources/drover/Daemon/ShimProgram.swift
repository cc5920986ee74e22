import Glibc

/// Which program becomes the parent of each runtime (runtime-rpc §3.3).
enum ShimProgram {
    /// `RTM_SHIM_PATH`, else `drover-shim` beside this program, which takes a tenth of the memory, else this program.
    static func path(environment: Environment) -> String {
        if let path = environment["RTM_SHIM_PATH"] { return path }
        let own = ownPath
        if let slash = own.lastIndex(of: "/") {
            let beside = "\(own[...slash])drover-shim"
            if access(beside, X_OK) == 0 { return beside }
        }
        return own
    }

    /// Where this program lies, also after it has been replaced by a newer one.
    static var ownPath: String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let path = String(decoding: buffer[..<max(0, count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let suffix = " (deleted)"
        return path.hasSuffix(suffix) ? String(path.dropLast(suffix.count)) : path
    }
}
