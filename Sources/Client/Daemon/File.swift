import Glibc

/// An error number of the system, with what was being done to what.
public struct SystemError: Error, Equatable, Sendable {
    public var number: Int32
    public var doing: String

    public init(_ doing: String, number: Int32 = errno) {
        self.doing = doing
        self.number = number
    }

    /// The system's own words.
    public var reason: String { String(cString: strerror(number)) }
}

/// Small files, read whole.
public enum File {
    /// Reads at most `limit` bytes.
    public static func read(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("reading \(path)") }
        defer { close(descriptor) }
        var contents: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16384)
        while contents.count < limit {
            let count = Glibc.read(descriptor, &buffer, min(buffer.count, limit - contents.count))
            if count < 0 {
                if errno == EINTR { continue }
                throw SystemError("reading \(path)")
            }
            if count == 0 { break }
            contents.append(contentsOf: buffer[..<count])
        }
        return contents
    }
}
