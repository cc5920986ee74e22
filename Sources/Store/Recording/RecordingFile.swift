import Glibc

/// The two files of one recording while it is written. It belongs to the recorder's thread.
final class RecordingFile {
    private let log: Int32
    private let cast: Int32
    private let subject: String
    private var encoder: CastEncoder
    private var castEnd: Int64
    /// Output that is not in the log yet.
    private var waiting: [UInt8] = []
    /// The offset after the last byte in the log.
    private(set) var end: Int64
    /// Why nothing is written any more.
    private(set) var failure: StoreError?

    /// Opens the files, makes them where they are missing, and goes on where they end.
    init(session: String, header: RecordingHeader, paths: RecordingPaths) throws(StoreError) {
        let logPath = try paths.log(of: session)
        let castPath = try paths.cast(of: session)
        try Directory.make(paths.castDirectory)
        subject = "the recording of \(session)"
        log = try Self.open(logPath)
        do throws(StoreError) {
            cast = try Self.open(castPath)
        } catch {
            Glibc.close(log)
            throw error
        }
        end = File.size(log)
        do throws(StoreError) {
            let position = try CastFile.repair(cast, castPath)
            castEnd = position?.end ?? 0
            encoder =
                position.map { CastEncoder(resumingFrom: $0.startMs, latestMs: $0.latestMs) }
                ?? CastEncoder(header: header)
        } catch {
            Glibc.close(log)
            Glibc.close(cast)
            throw error
        }
    }

    deinit {
        Glibc.close(log)
        Glibc.close(cast)
    }

    private static func open(_ path: String) throws(StoreError) -> Int32 {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StoreError(.last, path) }
        return descriptor
    }
}

extension RecordingFile {
    /// Whether so much has gathered that it should be written before more is taken.
    var isHeavy: Bool { waiting.count >= 1 << 20 }

    func output(_ bytes: [UInt8], atMs: Int64) {
        if failure != nil { return }
        encoder.output(bytes, atMs: atMs)
        if waiting.isEmpty { waiting = bytes } else { waiting.append(contentsOf: bytes) }
    }

    func resize(columns: Int, rows: Int, atMs: Int64) {
        if failure == nil { encoder.resize(columns: columns, rows: rows, atMs: atMs) }
    }

    func finish() {
        if failure == nil { encoder.finish() }
    }

    /// Writes what has gathered: one write for each file, however much it is.
    ///
    /// After a failure the recording has ended: a hole in it would put every later offset wrong.
    func flush() throws(StoreError) {
        if failure != nil { throw .truncated(at: end) }
        encoder.flush()
        defer {
            waiting = []
            encoder.lines = []
        }
        do throws(StoreError) {
            try write(waiting, to: log, at: &end)
            var position = castEnd
            try write(encoder.lines, to: cast, at: &position)
            castEnd = position
        } catch {
            failure = error
            // Half a line would spoil the whole file for players.
            ftruncate(cast, Int(castEnd))
            throw error
        }
    }

    private func write(_ bytes: [UInt8], to descriptor: Int32, at position: inout Int64) throws(StoreError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, Int(position)) }
            if count < 0 && errno == EINTR { continue }
            if count < 0 { throw StoreError(.last, subject) }
            position += Int64(count)
            rest = rest.dropFirst(count)
        }
    }
}
