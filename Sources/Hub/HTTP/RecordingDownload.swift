import Fleet
import HTTP
import Reactor

/// Sends a recording piece by piece, as fast as the client takes it: however long it is, memory stays.
@Loop
final class RecordingDownload {
    private static let pieceSize = 256 << 10

    private let archive: any RecordingArchive
    private let part: RecordingPart
    private let session: SessionID
    private let body: HTTPBodyStream
    private var offset: Int
    private let end: Int
    private var isReading = false
    /// Keeps the download until it has ended: nobody else does.
    private var whileSending: RecordingDownload?

    /// Answers with the bytes of `range`, which are there.
    init(
        _ part: RecordingPart, of session: SessionID, range: Range<Int>, from archive: any RecordingArchive,
        to exchange: HTTPExchange, headers: [(name: String, value: String)]
    ) {
        self.archive = archive
        self.part = part
        self.session = session
        offset = range.lowerBound
        end = range.upperBound
        body = exchange.stream(200, headers: headers, contentLength: range.count)
        whileSending = self
        body.onDrained = { [weak self] in self?.readOn() }
        body.onAbandoned = { [weak self] in self?.whileSending = nil }
        readOn()
    }

    private func readOn() {
        guard !isReading, body.isOpen else { return }
        guard offset < end else {
            body.end()
            whileSending = nil
            return
        }
        // A piece on its way and one in reserve.
        guard body.backlog <= Self.pieceSize else { return }
        isReading = true
        archive.read(part, of: session, from: offset, count: min(Self.pieceSize, end - offset)) { [self] bytes in
            isReading = false
            guard let bytes, !bytes.isEmpty else {
                // Shorter than it was: the client must not take it for whole.
                body.abort()
                whileSending = nil
                return
            }
            offset += bytes.count
            body.write(bytes)
            readOn()
        }
    }
}
