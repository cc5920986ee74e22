import Bytes
import Glibc

/// Reading text from an opened file, within bounds.
enum TextFile {
    /// Bytes of a file that is read whole (chat-runtime §5.8).
    static let wholeLimit = 4 << 20

    /// All of a file.
    static func whole(_ file: Descriptor, named path: String) throws(ToolFailure) -> String {
        guard let bytes = try bytes(file, limit: wholeLimit, named: path) else {
            throw ToolFailure("\(path) is larger than 4 MiB: ask for some of its lines by start_line and end_line")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ToolFailure("\(path) is not UTF-8 text")
        }
        return text
    }

    /// All bytes of a file, or `nil` when there are more than `limit`.
    static func bytes(_ file: Descriptor, limit: Int, named path: String) throws(ToolFailure) -> [UInt8]? {
        // A large file is not read to find out that it is too large.
        if let status = file.status, status.st_size > limit { return nil }
        var bytes: [UInt8] = []
        while true {
            let chunk = try chunk(file, named: path)
            if chunk.isEmpty { return bytes }
            bytes += chunk
            if bytes.count > limit { return nil }
        }
    }

    /// Some lines of a file of any size, joined with line feeds. What does not fit is left out, and a marker says so.
    static func lines(
        of file: Descriptor, from start: Int, to end: Int?, named path: String, _ deadline: Deadline
    ) throws(ToolFailure) -> String {
        if let end, end < start { return "" }
        var line = 1
        var taken: [UInt8] = []
        // With the line feed that ended the last line taken, which is then left out.
        let limit = OutputCap.bytes - OutputCap.markerRoom
        var isCut = false
        reading: while true {
            try deadline.throwIfCancelled()
            if deadline.hasPassed { throw ToolFailure("reading \(path) up to line \(start) takes too long") }
            let chunk = try chunk(file, named: path)
            if chunk.isEmpty { break }
            var position = 0
            while position < chunk.count {
                let feed = chunk[position...].firstIndex(of: UInt8(ascii: "\n"))
                let next = feed.map { $0 + 1 } ?? chunk.count
                if line >= start { taken += chunk[position..<next] }
                if taken.count > limit {
                    isCut = true
                    break reading
                }
                position = next
                guard feed != nil else { continue }
                if line == end { break reading }
                line += 1
            }
        }
        if isCut { return try cut(taken, to: limit, named: path) }
        guard let text = String(validating: joined(taken), as: UTF8.self) else {
            throw ToolFailure("\(path) is not UTF-8 text")
        }
        return text
    }

    /// Lines without what ends them: the last line feed, and carriage returns before line feeds.
    private static func joined(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        for byte in bytes {
            if byte == UInt8(ascii: "\n"), output.last == UInt8(ascii: "\r") { output.removeLast() }
            output.append(byte)
        }
        if output.last == UInt8(ascii: "\n") { output.removeLast() }
        return output
    }

    private static func cut(_ bytes: [UInt8], to limit: Int, named path: String) throws(ToolFailure) -> String {
        var end = limit
        // A scalar has at most three continuation bytes.
        while end > limit - 4, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        guard let text = String(validating: joined(Array(bytes[..<end])), as: UTF8.self) else {
            throw ToolFailure("\(path) is not UTF-8 text")
        }
        return text + OutputCap.marker("more lines were asked for than fit")
    }

    private static func chunk(_ file: Descriptor, named path: String) throws(ToolFailure) -> [UInt8] {
        var failure: Int32 = 0
        let chunk = [UInt8](unsafeUninitializedCapacity: 64 * 1024) { buffer, count in
            var got = Glibc.read(file.number, buffer.baseAddress, buffer.count)
            while got < 0 && errno == EINTR { got = Glibc.read(file.number, buffer.baseAddress, buffer.count) }
            if got < 0 { failure = errno }
            count = max(0, got)
        }
        if failure != 0 { throw ToolFailure(.system(path, error: failure)) }
        return chunk
    }
}
