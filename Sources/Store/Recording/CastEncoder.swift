import Bytes

/// The first line of a recording.
public struct RecordingHeader: Equatable, Sendable {
    public var columns: Int
    public var rows: Int
    /// When the recording begins, in milliseconds since 1970.
    public var startMs: Int64
    public var command: String?
    public var title: String?
    public var term: String

    public init(
        columns: Int, rows: Int, startMs: Int64, command: String? = nil, title: String? = nil,
        term: String = "xterm-256color"
    ) {
        self.columns = columns
        self.rows = rows
        self.startMs = startMs
        self.command = command
        self.title = title
        self.term = term
    }

    var json: JSON {
        .omittingNil([
            "version": 2, "width": .integer(columns), "height": .integer(rows),
            "timestamp": .integer(Int64(startMs / 1000)), "command": command.map { .string($0) },
            "title": title.map { .string($0) }, "env": ["TERM": .string(term)],
        ])
    }
}

/// Writes asciicast v2: makes lines of what a terminal shows, and when.
///
/// Output comes as it likes, also cut in the middle of a character; such a beginning waits for its end. What can
/// never become a character is shown as U+FFFD, exactly as if the output had come in one piece.
public struct CastEncoder: Equatable, Sendable {
    /// Lines that are complete. Whoever writes them away empties it.
    public var lines: [UInt8] = []
    private let startMs: Int64
    /// Times never go back, whatever the clock does.
    private var latestMs: Int64
    /// Output of one moment that is not a line yet.
    private var run: [UInt8] = []

    /// Begins a recording, header first.
    public init(header: RecordingHeader) {
        startMs = header.startMs
        latestMs = header.startMs
        JSONWriter.append(header.json, to: &lines)
        lines.append(UInt8(ascii: "\n"))
    }

    /// Goes on with a recording whose last line stands at `latestMs`.
    public init(resumingFrom startMs: Int64, latestMs: Int64) {
        self.startMs = startMs
        self.latestMs = max(startMs, latestMs)
    }

    /// Takes output. What comes within a millisecond makes one line.
    public mutating func output(_ bytes: some Collection<UInt8>, atMs: Int64) {
        if atMs > latestMs {
            flush()
            latestMs = atMs
        }
        run.append(contentsOf: bytes)
    }

    /// Takes a new size of the terminal.
    public mutating func resize(columns: Int, rows: Int, atMs: Int64) {
        flush()
        latestMs = max(latestMs, atMs)
        beginLine()
        lines.append(literal: "\"r\",\"")
        JSONWriter.append(columns, to: &lines)
        lines.append(UInt8(ascii: "x"))
        JSONWriter.append(rows, to: &lines)
        lines.append(literal: "\"]\n")
    }

    /// Makes a line of the output so far, except of a character that has only begun.
    public mutating func flush() {
        let complete = run.count - Self.unfinishedCount(run)
        if complete == 0 { return }
        appendOutput(run[..<complete])
        run.removeFirst(complete)
    }

    /// Makes lines of everything: there will be no more output.
    public mutating func finish() {
        if run.isEmpty { return }
        appendOutput(run[...])
        run = []
    }

    private mutating func appendOutput(_ bytes: ArraySlice<UInt8>) {
        beginLine()
        lines.append(literal: "\"o\",")
        JSONWriter.append(String(decoding: bytes, as: UTF8.self), to: &lines)
        lines.append(literal: "]\n")
    }

    /// `[12.345,`
    private mutating func beginLine() {
        let elapsed = latestMs - startMs
        lines.append(UInt8(ascii: "["))
        JSONWriter.append(elapsed / 1000, to: &lines)
        lines.append(UInt8(ascii: "."))
        for unit: Int64 in [100, 10, 1] { lines.append(UInt8(ascii: "0") + UInt8(elapsed / unit % 10)) }
        lines.append(UInt8(ascii: ","))
    }
}

// MARK: - Characters that have only begun

extension CastEncoder {
    /// How many bytes at the end are the proper beginning of a character whose end is missing (0 to 3).
    static func unfinishedCount(_ bytes: [UInt8]) -> Int {
        let tail = bytes.suffix(3)
        // The last byte that is not a continuation decides.
        guard let lead = tail.lastIndex(where: { $0 & 0xC0 != 0x80 }) else { return 0 }
        let count = tail.endIndex - lead
        let second = lead + 1 < tail.endIndex ? tail[lead + 1] : nil
        switch tail[lead] {
        case 0xC2...0xDF: return count < 2 ? count : 0
        case 0xE0: return count < 3 && isAbsent(second, or: 0xA0...0xBF) ? count : 0
        case 0xED: return count < 3 && isAbsent(second, or: 0x80...0x9F) ? count : 0
        case 0xE1...0xEF: return count < 3 ? count : 0
        case 0xF0: return isAbsent(second, or: 0x90...0xBF) ? count : 0
        case 0xF4: return isAbsent(second, or: 0x80...0x8F) ? count : 0
        case 0xF1...0xF3: return count
        default: return 0
        }
    }

    private static func isAbsent(_ byte: UInt8?, or allowed: ClosedRange<UInt8>) -> Bool {
        byte.map { allowed.contains($0) } ?? true
    }
}
