/// What a client of tmux says when it introduces itself to its server, put into an order in which nothing can come between.
///
/// It says first that it wants control mode, then hands over its input and output, and at last says that this is all. tmux
/// 3.3a dies, with everybody's sessions, of a client in control mode that is lost in between, or when a session is renamed,
/// made or closed just then. Each file that is handed over ends what the server reads at a time. So those go first, and all
/// the rest follows in one piece (docs/adr/0009).
struct ClientIntroduction {
    /// What the client said is not what is known here: it is not passed on at all.
    struct Failure: Error, Equatable {}

    /// What is sent at a time.
    struct Piece: Equatable {
        var bytes: [UInt8]
        /// The file that goes along.
        var file: Int32?
    }

    private var bytes: [UInt8] = []
    private var files: [Int32] = []

    /// Of a message: its type, its length and flags, the protocol's version, the sender's pid; 32 bits each.
    private static let headSize = 16
    private static let messageLimit = 16_384
    /// That this is all: `MSG_IDENTIFY_DONE`.
    private static let done: UInt32 = 106
    /// The types of an introduction.
    private static let known: ClosedRange<UInt32> = 100...112
    /// That a file goes along: a flag in older versions of the library for messages, a bit of the length in newer ones.
    private static let fileFlags: UInt32 = 0x0001_0000 | 0x8000_0000
    private static let limit = 32_768

    /// Files that came with the bytes are named with them. They stay the caller's.
    mutating func feed(_ bytes: [UInt8], files: [Int32]) {
        self.bytes += bytes
        self.files += files
    }

    /// What to send, in order, once all of it is there; the last piece also has what the client said after it.
    func pieces() throws(Failure) -> [Piece]? {
        var pieces: [Piece] = []
        var rest: [UInt8] = []
        var files = files[...]
        var start = 0
        while bytes.count - start >= Self.headSize {
            let type = word(at: start)
            let size = word(at: start + 4)
            let length = Int(size & ~Self.fileFlags)
            guard Self.known.contains(type), (Self.headSize...Self.messageLimit).contains(length),
                rest.count + length <= Self.limit
            else { throw Failure() }
            guard bytes.count - start >= length else { return nil }
            let message = bytes[start..<start + length]
            start += length
            if size & Self.fileFlags != 0 {
                guard let file = files.popFirst() else { throw Failure() }
                pieces.append(Piece(bytes: Array(message), file: file))
            } else {
                rest += message
            }
            if type == Self.done {
                guard files.isEmpty else { throw Failure() }
                return pieces + [Piece(bytes: rest + bytes[start...], file: nil)]
            }
        }
        if bytes.count > 2 * Self.limit { throw Failure() }
        return nil
    }

    private func word(at start: Int) -> UInt32 {
        // Between programs of one machine numbers stand as the machine has them.
        bytes[start..<start + 4].withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
    }
}
