import Glibc

/// A piece of a recording.
public struct RecordingSlice: Equatable, Sendable {
    public var bytes: [UInt8]
    /// Where in the recording the first byte stands.
    public var offset: Int64
    /// The offset after the last byte that the recording holds now.
    public var end: Int64

    public init(bytes: [UInt8], offset: Int64, end: Int64) {
        self.bytes = bytes
        self.offset = offset
        self.end = end
    }
}

/// Reads recordings, also while they are written. It keeps nothing open and may be used by any thread.
public struct RecordingReader: Sendable {
    private let paths: RecordingPaths

    public init(home: String) { paths = RecordingPaths(home: home) }

    /// Reads the program's bytes from an offset on; a negative one counts from the end. `nil`: there is no recording.
    public func read(session: String, from: Int64 = 0, limit: Int = .max) throws(StoreError) -> RecordingSlice? {
        try slice(try paths.log(of: session), from: from, limit: limit)
    }

    /// How many bytes of the program the recording holds. `nil`: there is no recording.
    public func size(session: String) throws(StoreError) -> Int64? {
        try slice(try paths.log(of: session), from: 0, limit: 0)?.end
    }

    /// Reads the asciicast file. At its end it is cut to whole lines: the last one may be in the making.
    public func cast(session: String, from: Int64 = 0, limit: Int = .max) throws(StoreError) -> RecordingSlice? {
        guard var slice = try slice(try paths.cast(of: session), from: from, limit: limit) else { return nil }
        if slice.offset + Int64(slice.bytes.count) == slice.end {
            let complete = slice.bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            slice.end -= Int64(slice.bytes.count - complete)
            slice.bytes.removeSubrange(complete...)
        }
        return slice
    }

    private func slice(_ path: String, from: Int64, limit: Int) throws(StoreError) -> RecordingSlice? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let error = SystemError.last
            if error.number == ENOENT { return nil }
            throw StoreError(error, path)
        }
        defer { close(descriptor) }
        let end = File.size(descriptor)
        let offset = min(end, from < 0 ? max(0, end + from) : from)
        let count = min(Int(end - offset), max(0, limit))
        return RecordingSlice(
            bytes: try File.read(descriptor, from: offset, limit: count, path), offset: offset, end: end)
    }
}

// MARK: - After a crash

extension RecordingPaths {
    /// Drops the torn last lines that a crash may have left. To be called before anything is recorded.
    ///
    /// Says which sessions were put right.
    public func repair() -> [String] {
        guard let directory = opendir(castDirectory) else { return [] }
        defer { closedir(directory) }
        var repaired: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name.hasSuffix(".cast") else { continue }
            let path = "\(castDirectory)/\(name)"
            let descriptor = open(path, O_RDWR | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            let size = File.size(descriptor)
            _ = try? CastFile.repair(descriptor, path)
            if File.size(descriptor) != size { repaired.append(String(name.dropLast(5))) }
        }
        return repaired.sorted()
    }
}
