import Bytes

/// Reads what tmux says in control mode (`tmux -C`): answers between `%begin` and `%end` or `%error`, and notifications.
///
/// Bounded in what it keeps, and linear however slowly the bytes come.
public struct ControlModeParser: StreamDecoder {
    /// What one command led to.
    public struct Reply: Equatable, Sendable {
        /// The server's count of commands.
        public var number: UInt64
        /// Whether we sent the command: others are those of the start and of hooks.
        public var isOurs: Bool
        public var isError: Bool
        /// Its lines, each with its line feed.
        public var body: [UInt8]

        public init(number: UInt64, isOurs: Bool, isError: Bool, body: [UInt8]) {
            self.number = number
            self.isOurs = isOurs
            self.isError = isError
            self.body = body
        }
    }

    public enum Message: Equatable, Sendable {
        case reply(Reply)
        /// The name without its percent sign, and the rest of the line.
        case notification(name: String, rest: String)
        /// The last that is said, with the reason if tmux gives one.
        case exit(reason: String)
    }

    public enum Failure: Error, Equatable, Sendable {
        /// In bytes.
        case lineTooLong(limit: Int)
        case replyTooLong(limit: Int)
        /// The stream ended in the middle of a line or an answer.
        case incomplete
    }

    private struct Block {
        /// Everything after the keyword of `%begin`: time, number and flags, which come again at the end.
        var guardWords: [UInt8]
        var number: UInt64
        var isOurs: Bool
        var body: [UInt8] = []
    }

    private let lineLimit: Int
    private let replyLimit: Int
    private var buffer: [UInt8] = []
    /// Where the next line begins, and up to where no line feed has been found.
    private var start = 0
    private var scanned = 0
    private var block: Block?
    private var failure: Failure?

    public init(lineLimit: Int = 1 << 20, replyLimit: Int = 16 << 20) {
        self.lineLimit = lineLimit
        self.replyLimit = replyLimit
    }

    public mutating func feed(_ bytes: UnsafeRawBufferPointer) {
        if start > 0 {
            buffer.removeFirst(start)
            scanned -= start
            start = 0
        }
        buffer.append(contentsOf: bytes)
    }

    public mutating func next() throws(Failure) -> Message? {
        if let failure { throw failure }
        while let line = try nextLine() {
            if let message = try read(line) { return message }
        }
        return nil
    }

    public mutating func finish() throws(Failure) {
        if let failure { throw failure }
        if start < buffer.count || block != nil { throw fail(.incomplete) }
    }

    // MARK: - Lines

    private mutating func nextLine() throws(Failure) -> ArraySlice<UInt8>? {
        guard let end = buffer[scanned...].firstIndex(of: UInt8(ascii: "\n")) else {
            scanned = buffer.count
            if scanned - start > lineLimit { throw fail(.lineTooLong(limit: lineLimit)) }
            return nil
        }
        if end - start > lineLimit { throw fail(.lineTooLong(limit: lineLimit)) }
        defer {
            start = end + 1
            scanned = start
        }
        return buffer[start..<end]
    }

    private mutating func read(_ line: ArraySlice<UInt8>) throws(Failure) -> Message? {
        if block != nil { return try readInside(line) }
        guard line.first == UInt8(ascii: "%") else { return nil }
        let text = String(decoding: line.dropFirst(), as: UTF8.self)
        let space = text.utf8.firstIndex(of: UInt8(ascii: " ")) ?? text.endIndex
        let name = String(text[..<space])
        let rest = space < text.endIndex ? String(text[text.utf8.index(after: space)...]) : ""
        switch name {
        case "begin":
            block = Self.begin(line, words: rest.split(separator: " "))
            return nil
        case "exit": return .exit(reason: rest)
        default: return .notification(name: name, rest: rest)
        }
    }

    private static func begin(_ line: ArraySlice<UInt8>, words: [Substring]) -> Block? {
        guard words.count == 3, let number = UInt64(words[1]), let flags = UInt32(words[2]) else { return nil }
        return Block(guardWords: Array(line.dropFirst("%begin".utf8.count)), number: number, isOurs: flags & 1 != 0)
    }

    /// Only the same time, number and flags end an answer: its lines can be anything.
    private mutating func readInside(_ line: ArraySlice<UInt8>) throws(Failure) -> Message? {
        if line.first == UInt8(ascii: "%"), let block {
            for (keyword, isError) in [("%end", false), ("%error", true)]
            where line.count == keyword.utf8.count + block.guardWords.count && line.starts(with: keyword.utf8)
                && line.dropFirst(keyword.utf8.count).elementsEqual(block.guardWords)
            {
                self.block = nil
                return .reply(
                    Reply(number: block.number, isOurs: block.isOurs, isError: isError, body: block.body))
            }
        }
        if block!.body.count + line.count + 1 > replyLimit { throw fail(.replyTooLong(limit: replyLimit)) }
        block!.body += line
        block!.body.append(UInt8(ascii: "\n"))
        return nil
    }

    private mutating func fail(_ failure: Failure) -> Failure {
        self.failure = failure
        buffer = []
        start = 0
        scanned = 0
        block = nil
        return failure
    }
}
