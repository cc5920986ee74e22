import Bytes
import Glibc

/// Puts a recording right that a crash has left in the middle of a line.
enum CastFile {
    /// What a file says that is to be continued.
    struct Position: Equatable {
        var startMs: Int64
        var latestMs: Int64
        /// Where the next line goes.
        var end: Int64
    }

    /// Drops a torn last line, and says where the recording stands, or `nil` when there is not even a header.
    static func repair(_ descriptor: Int32, _ subject: String) throws(StoreError) -> Position? {
        let size = File.size(descriptor)
        let end = try lineBreak(before: size, in: descriptor, subject).map { $0 + 1 } ?? 0
        if end < size && ftruncate(descriptor, Int(end)) != 0 { throw StoreError(.last, subject) }
        if end == 0 { return nil }
        guard let startMs = startMs(try File.read(descriptor, from: 0, limit: headerLimit, subject)) else {
            throw .corrupt(detail: "\(subject) does not begin as a recording")
        }
        let lastLine = try lineBreak(before: end - 1, in: descriptor, subject).map { $0 + 1 } ?? 0
        let seconds = seconds(try File.read(descriptor, from: lastLine, limit: 32, subject))
        return Position(startMs: startMs, latestMs: startMs + Int64((seconds ?? 0) * 1000 + 0.5), end: end)
    }

    /// A header is longer only if the command is.
    private static let headerLimit = 1 << 20

    private static func startMs(_ bytes: [UInt8]) -> Int64? {
        guard let line = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 1).first,
            let header = try? JSON(parsing: line), header["version"]?.integer == 2,
            let timestamp = header["timestamp"]?.integer
        else { return nil }
        return Int64(timestamp) * 1000
    }

    /// The time at the beginning of an event's line.
    private static func seconds(_ bytes: [UInt8]) -> Double? {
        guard bytes.first == UInt8(ascii: "["), let comma = bytes.firstIndex(of: UInt8(ascii: ",")) else { return nil }
        return Double(String(decoding: bytes[1..<comma], as: UTF8.self)).flatMap { $0 >= 0 && $0 < 1e12 ? $0 : nil }
    }

    /// The offset of the last line break before `end`.
    private static func lineBreak(
        before end: Int64, in descriptor: Int32, _ subject: String
    ) throws(StoreError) -> Int64? {
        var end = end
        while end > 0 {
            let start = max(0, end - 65_536)
            let bytes = try File.read(descriptor, from: start, limit: Int(end - start), subject)
            if let index = bytes.lastIndex(of: UInt8(ascii: "\n")) { return start + Int64(index) }
            end = start
        }
        return nil
    }
}
