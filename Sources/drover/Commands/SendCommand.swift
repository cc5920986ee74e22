import Bytes
import Client
import Glibc
import Wire

/// Types into a session.
struct SendCommand: Command {
    static let spec = CommandSpec(
        word: "send",
        summary: "Type into a session",
        discussion: """
            Types TEXT and then Enter. TEXT of a single dash is read from stdin. Keys are written Enter, Escape, Tab, Up,
            Down, Left, Right, Home, End, PageUp, PageDown, Backspace, Delete, Space, F1 to F12, C-c for Ctrl-C and
            M-x for Alt-X; they come after TEXT, and Enter is then up to you.

            A text of several lines reaches a session in tmux as one paste with one Enter, anything else as it is typed.
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

    func run(in context: Context) throws(CommandFailure) -> ExitCode {
        var text = text ?? ""
        if text == "-" { text = try Self.standardInput(of: context) }
        if pressesEnter { while text.hasSuffix("\n") || text.hasSuffix("\r\n") { text.removeLast() } }
        let client = try context.makeClient()
        let session = try context.ask(client) { client throws(ClientError) in try client.session(id) }
        // What has several lines is pasted into a pane and entered once, so that an agent takes it for one message.
        if session.tmuxPane != nil, keys.isEmpty, pressesEnter, text.contains(where: \.isNewline) {
            try Self.nudge(session, text, in: context)
            return .ok
        }
        try context.ask(client) { client throws(ClientError) in
            try SessionInput.type(text, session.id, client)
            if !keys.isEmpty { try SessionInput.press(String(decoding: keys, as: UTF8.self), session.id, client) }
            if pressesEnter {
                if !text.isEmpty || !keys.isEmpty { WallClock.sleep(SessionInput.breath) }
                try SessionInput.enter(session.id, client)
            }
        }
        return .ok
    }

    private static func nudge(_ session: Session, _ text: String, in context: Context) throws(CommandFailure) {
        guard let id = SessionUUID.parse(session.id) else {
            throw CommandFailure("\(session.label) has an id that the runtime socket does not know.")
        }
        let outcome = try context.askRuntime("waiting for tmux") { client throws(RuntimeRPCError) in
            try client.nudge(id, text)
        }
        switch outcome {
        case .delivered: return
        case .unsupported: throw CommandFailure("\(session.label) has no terminal to type into.")
        case .failed:
            throw CommandFailure(
                "The pane of \(session.label) is gone, or the session in it is over.",
                hints: ["See how it is: drover show \(session.label)"])
        }
    }

    private static func standardInput(of context: Context) throws(CommandFailure) -> String {
        do {
            let path = context.input == STDIN_FILENO ? "/dev/stdin" : "/dev/fd/\(context.input)"
            return String(decoding: try File.read(path, limit: 1 << 20), as: UTF8.self)
        } catch {
            throw CommandFailure("stdin cannot be read: \(error.reason).")
        }
    }
}
