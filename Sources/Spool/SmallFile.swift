import Glibc

/// Reading and writing files that fit into memory.
public enum SmallFile {
    /// Reads a file, at most `limit` bytes of it; `nil` when it cannot be read.
    public static func read(_ path: String, limit: Int) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        // Files of the kernel have no size, so it is found by reading.
        var step = min(limit, 4096)
        while bytes.count < limit {
            step = min(step, limit - bytes.count)
            var failed = false
            let chunk = [UInt8](unsafeUninitializedCapacity: step) { buffer, count in
                var got = Glibc.read(descriptor, buffer.baseAddress, step)
                while got < 0 && errno == EINTR { got = Glibc.read(descriptor, buffer.baseAddress, step) }
                failed = got < 0
                count = max(0, got)
            }
            if failed { return nil }
            if chunk.isEmpty { return bytes }
            bytes += chunk
            step = min(step * 4, 1 << 20)
        }
        return bytes
    }

    /// Writes all of the bytes to a descriptor, or says that it could not.
    public static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { bytes in
                Glibc.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            written += count
        }
        return true
    }
}
