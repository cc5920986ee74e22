import Glibc
import Reactor

/// Reads along in the log files of a runtime without a terminal, whoever writes them.
///
/// It shows what a terminal would: line feeds become line ends. How far it has come is kept beside the logs, so that the
/// next daemon goes on there.
@Loop
final class LogTail: RuntimeOutput {
    private nonisolated static let portion = 64 << 10
    /// After the end of a runtime its children may still write; so long is waited for their silence.
    private static let lastLook: Int64 = 50

    private let reader: LogReader
    private let show: @Loop ([UInt8]) -> Void
    private var watchers: [FileWatcher] = []
    private static let worker = Worker()
    private var isReading = false
    private var isPaused = false
    private var hasNews = true
    private var onFinished: (@Loop () -> Void)?

    /// - Parameters:
    ///   - position: The file in which the offsets are kept.
    init(_ paths: [String], position: String, show: @escaping @Loop ([UInt8]) -> Void) {
        reader = LogReader(paths, position: position)
        self.show = show
        watchers = paths.compactMap { path in
            try? FileWatcher(path: path) { [weak self] in
                self?.hasNews = true
                self?.read()
            }
        }
        read()
    }

    func pause() { isPaused = true }

    func resume() {
        isPaused = false
        read()
    }

    func finish(then completion: @escaping @Loop () -> Void) {
        onFinished = completion
        hasNews = true
        _ = LoopTimer(after: Self.lastLook) { [self] in
            hasNews = true
            read()
            if !isReading { finishWhenRead() }
        }
    }

    private func read() {
        guard hasNews, !isReading, !isPaused else { return }
        isReading = true
        hasNews = false
        let reader = reader
        Self.worker.run(
            { reader.next(Self.portion) },
            then: { [self] bytes in
                isReading = false
                if !bytes.isEmpty {
                    hasNews = true
                    show(bytes)
                }
                read()
                if !isReading { finishWhenRead() }
            })
    }

    private func finishWhenRead() {
        guard let onFinished, !hasNews, !isPaused else { return }
        self.onFinished = nil
        watchers = []
        Self.worker.run({ [reader] in reader.close() }, then: { onFinished() })
    }
}

/// The files of a tail. One thread at a time touches it: the worker's.
private final class LogReader: @unchecked Sendable {
    private struct Source {
        var path: String
        var descriptor: Int32 = -1
        var offset: Int64 = 0
        var endsWithReturn = false
    }

    private var sources: [Source]
    private let position: String
    private var positionFile: Int32 = -1
    private var isOpen = false

    init(_ paths: [String], position: String) {
        sources = paths.map { Source(path: $0) }
        self.position = position
    }

    deinit { release() }

    /// The next bytes of the first file that has any; none when all are read.
    func next(_ limit: Int) -> [UInt8] {
        openOnce()
        // What was handed over the last time has been taken.
        savePosition()
        for index in sources.indices where sources[index].descriptor >= 0 {
            let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
                count = max(0, pread(sources[index].descriptor, buffer.baseAddress, limit, Int(sources[index].offset)))
            }
            guard !bytes.isEmpty else { continue }
            sources[index].offset += Int64(bytes.count)
            return Self.lineEnds(bytes, after: &sources[index].endsWithReturn)
        }
        return []
    }

    func close() {
        release()
        // Read to its end: nobody will go on here.
        unlink(position)
    }

    private func release() {
        for index in sources.indices where sources[index].descriptor >= 0 {
            Glibc.close(sources[index].descriptor)
            sources[index].descriptor = -1
        }
        if positionFile >= 0 { Glibc.close(positionFile) }
        positionFile = -1
    }

    private func openOnce() {
        guard !isOpen else { return }
        isOpen = true
        for index in sources.indices { sources[index].descriptor = open(sources[index].path, O_RDONLY | O_CLOEXEC) }
        positionFile = open(position, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        var offsets = [Int64](repeating: 0, count: sources.count)
        let size = offsets.count * MemoryLayout<Int64>.size
        if offsets.withUnsafeMutableBytes({ pread(positionFile, $0.baseAddress, size, 0) }) == size {
            for index in sources.indices { sources[index].offset = max(0, offsets[index]) }
        }
    }

    private func savePosition() {
        let offsets = sources.map(\.offset)
        _ = offsets.withUnsafeBytes { pwrite(positionFile, $0.baseAddress, $0.count, 0) }
    }

    /// A terminal needs a carriage return before each line feed.
    private static func lineEnds(_ bytes: [UInt8], after endsWithReturn: inout Bool) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + bytes.count / 32 + 16)
        var previous: UInt8 = endsWithReturn ? 13 : 0
        for byte in bytes {
            if byte == 10, previous != 13 { output.append(13) }
            output.append(byte)
            previous = byte
        }
        endsWithReturn = previous == 13
        return output
    }
}
