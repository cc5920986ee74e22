import Glibc

/// Finds the files of the web page.
enum WebRoot {
    /// The folder named, else the one installed beside the program, else the one of the checkout it was built in.
    static func find(_ named: String?) -> String {
        if let named { return named }
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let program = count > 0 ? String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : ""
        var folder = parent(of: program)
        let installed = parent(of: folder) + "/share/drover/web"
        if access(installed + "/index.html", R_OK) == 0 { return installed }
        // A build lies a few folders below its checkout.
        for _ in 0..<5 where folder.count > 1 {
            if access(folder + "/web/index.html", R_OK) == 0 { return folder + "/web" }
            folder = parent(of: folder)
        }
        return installed
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "/" }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

/// Writes a file so that whoever reads it sees the old or the new, and its owner alone.
func writeAtomically(_ bytes: [UInt8], to path: String) -> Bool {
    let temporary = path + ".new"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return false }
    let written = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    close(descriptor)
    guard written == bytes.count, rename(temporary, path) == 0 else {
        unlink(temporary)
        return false
    }
    return true
}
