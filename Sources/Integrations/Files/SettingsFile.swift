import Glibc

/// A file of somebody else's that we change: read whole, and replaced in one step.
///
/// Links are followed, so that the file they lead to is replaced and not they. Mode and owner stay.
struct SettingsFile {
    /// Where the file really is.
    let path: String
    /// Longest settings that are touched, in bytes.
    static let limit = 8 << 20

    init(_ path: String) {
        self.path = Self.resolved(path, depth: 0)
    }

    /// What is in it; `nil` when there is no such file.
    func read() throws(IntegrationError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw .last("Reading", path)
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .last("Reading", path) }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= Self.limit else {
                throw .unreadable(path: path, line: 1, reason: "it is larger than settings ever are")
            }
        }
    }

    /// Puts the bytes in its place; an interrupted write leaves what was there.
    func write(_ bytes: [UInt8], mode newMode: mode_t = 0o600) throws(IntegrationError) {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        try Self.makeFolder(folder.isEmpty ? "/" : folder)
        var before = stat()
        let exists = stat(path, &before) == 0
        let unfinished = "\(path).drover-\(getpid())"
        unlink(unfinished)
        let descriptor = open(unfinished, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .last("Writing", unfinished) }
        do {
            defer { close(descriptor) }
            if exists, before.st_uid != geteuid() || before.st_gid != getegid(),
                fchown(descriptor, before.st_uid, before.st_gid) != 0
            {
                let error = IntegrationError.last("Keeping the owner of", path)
                unlink(unfinished)
                throw error
            }
            var isWritten = fchmod(descriptor, exists ? before.st_mode & 0o7777 : newMode) == 0
            var written = 0
            while isWritten, written < bytes.count {
                let count = bytes.withUnsafeBytes {
                    Glibc.write(descriptor, $0.baseAddress! + written, bytes.count - written)
                }
                if count < 0 && errno == EINTR { continue }
                isWritten = count > 0
                written += max(0, count)
            }
            guard isWritten, fsync(descriptor) == 0 else {
                let error = IntegrationError.last("Writing", unfinished)
                unlink(unfinished)
                throw error
            }
        }
        guard rename(unfinished, path) == 0 else {
            let error = IntegrationError.last("Replacing", path)
            unlink(unfinished)
            throw error
        }
    }

    func remove() throws(IntegrationError) {
        if unlink(path) != 0, errno != ENOENT { throw .last("Removing", path) }
    }

    // MARK: - Folders and links

    static func makeFolder(_ path: String, mode: mode_t = 0o755) throws(IntegrationError) {
        if mkdir(path, mode) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw .last("Making", path)
        }
        try makeFolder(String(path[..<slash]), mode: mode)
        if mkdir(path, mode) != 0, errno != EEXIST { throw .last("Making", path) }
    }

    /// Follows links, also one that leads to a file that is not there yet.
    private static func resolved(_ path: String, depth: Int) -> String {
        if let real = realpath(path, nil) {
            defer { free(real) }
            return String(cString: real)
        }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes {
            readlink(path, $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
        }
        guard count > 0, depth < 16 else { return path }
        let target = String(decoding: buffer[..<count], as: UTF8.self)
        if target.hasPrefix("/") { return resolved(target, depth: depth + 1) }
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        return resolved(folder + target, depth: depth + 1)
    }
}

extension IntegrationError {
    /// What the system just said.
    static func last(_ doing: String, _ path: String) -> IntegrationError {
        let number = errno
        return .system(doing: doing, path: path, errno: number, words: String(cString: strerror(number)))
    }
}
