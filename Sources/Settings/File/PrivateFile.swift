import Glibc

/// A small file of our own that nobody else may read, replaced in one step.
///
/// Links are followed, so that the file they lead to is replaced and not they.
struct PrivateFile {
    let path: String
    /// Where the file really is, or would be.
    let target: String

    init(_ path: String) {
        self.path = path
        target = Self.resolved(path)
    }

    enum Contents: Equatable {
        case bytes([UInt8])
        /// There is no such file.
        case missing
    }

    /// Everything that is in it, at most `limit` bytes.
    func read(limit: Int) throws(StorageFailure) -> Contents {
        let descriptor: Int32
        do throws(StorageFailure) {
            descriptor = try openForReading()
        } catch {
            if error.number == ENOENT || error.number == ENOTDIR { return .missing }
            throw error
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw StorageFailure("reading", path) }
            if count == 0 { return .bytes(bytes) }
            bytes += chunk[..<count]
            guard bytes.count <= limit else {
                throw StorageFailure("reading", path, reason: "it is larger than \(limit) bytes")
            }
        }
    }

    /// Writes the bytes beside the file, ready to be put in its place.
    func prepare(_ bytes: [UInt8]) throws(StorageFailure) -> Replacement {
        try Replacement(of: self) { descriptor throws(StorageFailure) in
            try Self.write(bytes[...], to: descriptor, of: target)
        }
    }

    /// The same with a copy of another file.
    func prepare(copyOf source: PrivateFile) throws(StorageFailure) -> Replacement {
        let input = try source.openForReading()
        defer { close(input) }
        return try Replacement(of: self) { descriptor throws(StorageFailure) in
            var chunk = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = Glibc.read(input, &chunk, chunk.count)
                if count < 0 && errno == EINTR { continue }
                guard count >= 0 else { throw StorageFailure("reading", source.path) }
                if count == 0 { return }
                try Self.write(chunk[..<count], to: descriptor, of: target)
            }
        }
    }

    /// Takes away what others may do with it.
    func makePrivate() {
        var status = stat()
        guard stat(target, &status) == 0, status.st_mode & 0o077 != 0 else { return }
        chmod(target, 0o600)
    }

    private func openForReading() throws(StorageFailure) -> Int32 {
        // A pipe would make the open wait for somebody to write.
        let descriptor = open(target, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw StorageFailure("reading", path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw StorageFailure("reading", path, reason: "it is not a regular file")
        }
        return descriptor
    }

    private static func write(
        _ bytes: ArraySlice<UInt8>, to descriptor: Int32, of path: String
    ) throws(StorageFailure) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress! + written, buffer.count - written)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw StorageFailure("writing", path) }
            written += count
        }
    }

    private static func resolved(_ path: String) -> String {
        var path = path
        // As many links as the kernel follows.
        for _ in 0..<40 {
            var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
            let count = readlink(path, &buffer, buffer.count)
            guard count > 0 else { return path }
            let target = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            path = target.hasPrefix("/") ? target : "\(folder(of: path))/\(target)"
        }
        return path
    }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

/// A new version of a file that lies beside it, safe on disk. It is put in its place or goes away with its owner.
struct Replacement: ~Copyable {
    private let target: String
    private let unfinished: String

    init(
        of file: PrivateFile, writing: (Int32) throws(StorageFailure) -> Void
    ) throws(StorageFailure) {
        target = file.target
        unfinished = target + ".new"
        // Left by a program that died in the middle.
        unlink(unfinished)
        let descriptor = open(unfinished, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StorageFailure("writing", target) }
        do throws(StorageFailure) {
            do throws(StorageFailure) {
                try writing(descriptor)
                guard fchmod(descriptor, 0o600) == 0, fsync(descriptor) == 0 else {
                    throw StorageFailure("writing", target)
                }
            } catch {
                close(descriptor)
                throw error
            }
            guard close(descriptor) == 0 else { throw StorageFailure("writing", target) }
        } catch {
            unlink(unfinished)
            throw error
        }
    }

    /// Puts it in its place.
    consuming func commit() throws(StorageFailure) {
        guard rename(unfinished, target) == 0 else {
            throw StorageFailure("replacing", target)
        }
        Self.sync(folder: PrivateFile.folder(of: target))
    }

    // Finds nothing once it is in its place.
    deinit { unlink(unfinished) }

    private static func sync(folder: String) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}

/// Folders of our own.
enum PrivateFolder {
    /// Makes the folder and those that lead to it, where they are missing; nobody else may look into them.
    static func create(_ path: String) throws(StorageFailure) {
        var status = stat()
        if stat(path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFDIR else {
                throw StorageFailure("creating", path, reason: "there is something that is no folder")
            }
            return
        }
        let parent = PrivateFile.folder(of: path)
        if parent != path, parent != "." { try create(parent) }
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw StorageFailure("creating", path) }
    }

    /// Why files could not be made in that folder, which need not be there yet; `nil` when they could.
    static func obstacle(to path: String) -> String? {
        var status = stat()
        var path = path
        while stat(path, &status) != 0 {
            guard errno == ENOENT, path != "/" else {
                return "\(path) cannot be created: \(String(cString: strerror(errno)))"
            }
            path = PrivateFile.folder(of: path)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { return "\(path) is not a folder" }
        guard access(path, W_OK | X_OK) == 0 else {
            return "nothing can be written in \(path): \(String(cString: strerror(errno)))"
        }
        return nil
    }
}

/// Keeps other programs from changing files in a folder until it is released. Nothing is left behind in the folder.
struct FolderLock {
    private let descriptor: Int32

    /// Waits at most two seconds for another to be done.
    init(_ path: String) throws(StorageFailure) {
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StorageFailure("locking", path) }
        for _ in 0..<200 {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return }
            guard errno == EWOULDBLOCK || errno == EINTR else { break }
            usleep(10_000)
        }
        let reason =
            errno == EWOULDBLOCK ? "another program is changing the configuration" : String(cString: strerror(errno))
        close(descriptor)
        throw StorageFailure("locking", path, reason: reason)
    }

    func release() { close(descriptor) }
}
