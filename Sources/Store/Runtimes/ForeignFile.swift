import Glibc

/// A file of another program, which is read and never changed.
enum ForeignFile {
    /// What is taken for too large.
    static let limit = 1 << 30

    /// What a file is known by while it is read, to see whether somebody writes to it.
    struct Stamp: Equatable {
        var size: Int
        var seconds: Int
        var nanoseconds: Int
        var inode: UInt

        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            size = Int(status.st_size)
            seconds = status.st_mtim.tv_sec
            nanoseconds = status.st_mtim.tv_nsec
            inode = UInt(status.st_ino)
        }
    }

    /// Reads it whole; `nil` when there is none.
    static func read(_ path: String, limit: Int) throws(StoreError) -> [UInt8]? {
        guard let (descriptor, size) = try open(path, limit: limit) else { return nil }
        defer { close(descriptor) }
        return try File.read(descriptor, from: 0, limit: size, path)
    }

    /// Copies it; says `false` when there is none.
    static func copy(_ path: String, to target: String, limit: Int) throws(StoreError) -> Bool {
        guard let (source, size) = try open(path, limit: limit) else { return false }
        defer { close(source) }
        let descriptor = Glibc.open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StoreError(.last, target) }
        defer { close(descriptor) }
        var offset = 0
        while offset < size {
            let piece = try File.read(source, from: Int64(offset), limit: min(pieceSize, size - offset), path)
            // It has become shorter under our hands, which its stamp will tell.
            if piece.isEmpty { break }
            try write(piece, to: descriptor, target)
            offset += piece.count
        }
        return true
    }

    private static let pieceSize = 1 << 20

    /// Opens a plain file without waiting for anybody at its other end.
    private static func open(_ path: String, limit: Int) throws(StoreError) -> (descriptor: Int32, size: Int)? {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let error = SystemError.last
            if error.number == ENOENT || error.number == ENOTDIR { return nil }
            throw StoreError(error, path)
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .unavailable(reason: "\(path) is not a plain file")
        }
        guard status.st_size <= limit else {
            close(descriptor)
            throw .unavailable(reason: "\(path) has more than \(limit >> 20) MiB")
        }
        return (descriptor, Int(status.st_size))
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32, _ subject: String) throws(StoreError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw StoreError(.last, subject) }
            rest = rest.dropFirst(count)
        }
    }
}
