import Glibc

enum Directory {
    /// Makes a directory, and those above it, for the owner alone.
    static func make(_ path: String) throws(StoreError) {
        if mkdir(path, 0o700) == 0 { return }
        let error = SystemError.last
        switch error.number {
        case EEXIST: return
        case ENOENT:
            guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { throw StoreError(error, path) }
            try make(String(path[..<slash]))
            if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
            throw StoreError(.last, path)
        default: throw StoreError(error, path)
        }
    }
}

enum File {
    /// Reads a small file, at most `limit` bytes of it.
    static func read(_ path: String, limit: Int) throws(StoreError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StoreError(.last, path) }
        defer { close(descriptor) }
        return try read(descriptor, from: 0, limit: limit, path)
    }

    /// Reads from an offset to the end of the file, at most `limit` bytes.
    static func read(
        _ descriptor: Int32, from offset: Int64, limit: Int, _ subject: String
    ) throws(StoreError) -> [UInt8] {
        var failure: SystemError?
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, filled in
            while filled < limit {
                let free = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
                let count = pread(descriptor, free.baseAddress, free.count, Int(offset) + filled)
                if count < 0 && errno == EINTR { continue }
                if count < 0 { failure = .last }
                if count <= 0 { return }
                filled += count
            }
        }
        if let failure { throw StoreError(failure, subject) }
        return bytes
    }

    static func size(_ descriptor: Int32) -> Int64 {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int64(status.st_size) : 0
    }
}
