import Bytes
import Client
import Glibc

/// Types into a session.
struct SendCommand: Command {
    static let spec = CommandSpec(
        word: "send",
        summary: "Type into a session",
        discussion: """
            Types TEXT and then Enter. TEXT of a single dash is read from stdin. Keys are written Enter, Escape, Tab, Up,
            Down, Left, Right, Home, End, PageUp, PageDown, Backspace, Delete, Space, F1 to F12, C-c for Ctrl-C and
            M-x for Alt-X; they come after TEXT, and Enter is then up to you.
            """,
        positionals: [.liveSession, PositionalSpec("TEXT", .optionalMany)],
        options: [
            .flag("no-enter", "Do not press Enter afterwards"),
            .flag("enter", "Press Enter afterwards, also after --keys"),
            .value(
                "keys", short: "k", "KEYS", "Press these keys, such as C-c or \"Up Up Enter\" (repeatable)",
                repeats: true),
        ],
        examples: [
            .init("drover send web \"npm test\"", "type a line"), .init("drover send web --keys C-c", "interrupt"),
            .init("drover send web - < prompt.txt", "type a file"),
        ],
        printsResult: false)

    private let id: String
    private let text: String?
    private let keys: [UInt8]
    private let pressesEnter: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        id = try arguments.positional("SESSION")
        let words = arguments.optionalRest()
        text = words.isEmpty ? nil : words.joined(separator: " ")
        var keys: [UInt8] = []
        for word in arguments.options("keys").flatMap({ $0.split(separator: " ") }) {
            guard let bytes = KeyNames.bytes(of: String(word)) else {
                throw UsageError("There is no key \"\(word)\". Write C-c, Enter, Up, F1 and the like.", verb: "send")
            }
            keys += bytes
        }
        self.keys = keys
        guard text != nil || !keys.isEmpty || arguments.flag("enter") else {
            throw UsageError("It needs a TEXT, or --keys.", verb: "send")
        }
        guard !(arguments.flag("enter") && arguments.flag("no-enter")) else {
            throw UsageError("--enter and --no-enter exclude each other.", verb: "send")
        }
        pressesEnter = arguments.flag("enter") || (keys.isEmpty && !arguments.flag("no-enter"))
    }

    /// One order carries at most so much; the daemon takes 100 KiB, and JSON may make six bytes of one.
    private static let pieceLimit = 12 << 10
    /// Full-screen programs take text and Enter that come together for a paste, and do not run it.
    private static let breath = Duration.milliseconds(60)

    func run(in context: Context) throws(CommandFailure) -> ExitCode {
        var text = text ?? ""
        if text == "-" { text = try Self.standardInput() }
        if pressesEnter { while text.hasSuffix("\n") || text.hasSuffix("\r\n") { text.removeLast() } }
        _ = try context.ask { client throws(ClientError) in
            let session = try client.session(id).id
            for piece in Self.pieces(text) { try Self.type(piece, session, client) }
            if !keys.isEmpty { try Self.type(String(decoding: keys, as: UTF8.self), session, client) }
            if pressesEnter {
                if !text.isEmpty || !keys.isEmpty { WallClock.sleep(Self.breath) }
                try Self.type("\r", session, client)
            }
        }
        return .ok
    }

    private static func type(_ text: String, _ session: String, _ client: DaemonClient) throws(ClientError) {
        try client.order("input", session: session, body: ["data": .string(text)])
    }

    /// Pieces that end between two characters. What a person would end lines with is Enter.
    private static func pieces(_ text: String) -> [String] {
        var pieces: [String] = []
        var piece = ""
        for character in text {
            piece.append(character == "\n" || character == "\r\n" ? "\r" : character)
            if piece.utf8.count >= pieceLimit {
                pieces.append(piece)
                piece = ""
            }
        }
        return piece.isEmpty ? pieces : pieces + [piece]
    }

    private static func standardInput() throws(CommandFailure) -> String {
        do {
            return String(decoding: try File.read("/dev/stdin", limit: 1 << 20), as: UTF8.self)
        } catch {
            throw CommandFailure("stdin cannot be read: \(error.reason).")
        }
    }
}
