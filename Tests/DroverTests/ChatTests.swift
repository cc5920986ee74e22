import Bytes
import Client
import Glibc
import Models
import RuntimeClient
import Testing

@testable import drover

@Suite struct LineEditorTests {
    /// Types, and says what is left in the draft with `|` for the cursor.
    private func draft(_ keys: String, history: [String] = []) -> String {
        var editor = LineEditor(history: history) { draft in SlashHint.hints(for: draft).map(\.completion) }
        _ = editor.feed(Array(keys.utf8))
        return String(editor.characters[..<editor.cursor]) + "|" + String(editor.characters[editor.cursor...])
    }

    @Test(arguments: [
        ("abc", "abc|"), ("abc\u{1B}[D\u{1B}[D", "a|bc"), ("abc\u{1B}[Hx", "x|abc"), ("abc\u{01}\u{05}x", "abcx|"),
        ("ab\u{02}\u{06}\u{06}c", "abc|"), ("abc\u{7F}\u{08}", "a|"), ("abc\u{02}\u{04}", "ab|"), ("\u{7F}", "|"),
        ("abc\u{1B}[D\u{1B}[3~", "ab|"), ("one two\u{17}", "one |"), ("one two\u{1B}\u{7F}", "one |"),
        ("one two\u{1B}b\u{1B}d", "one |"), ("one two\u{1B}b\u{1B}b\u{1B}f", "one| two"),
        ("one two\u{1B}[1;5D\u{0B}", "one |"), ("one\u{15}\u{19}\u{19}", "oneone|"), ("a\u{1B}OHb\u{1B}OFc", "bac|"),
        ("a\u{1B}[1~b\u{1B}[4~c", "bac|"), ("a\\\rb", "a\nb|"), ("a\u{1B}\rb", "a\nb|"),
        ("ab\\\rc\u{1B}[Ax", "ax|b\nc"),
        ("a\\\rbcd\u{1B}[A\u{1B}[Bx", "a\nbx|cd"), ("e\u{301}\u{7F}", "|"), ("e\u{301}x\u{02}\u{02}y", "y|e\u{301}x"),
        ("日本\u{02}!", "日!|本"), ("\u{1B}[200~a\rb\r\nc\td\u{03}\u{1B}[A\u{1B}[201~", "a\nb\nc\td|"),
        ("/he\t", "/help|"), ("/mo\t", "/model|"), ("/models\t", "/models|"), ("x\t", "x|"), ("/se\t", "/sessions|"),
        ("a\u{1B}[Z\u{1B}[24~b", "ab|"), ("a\u{1B}]0;t\u{07}b", "ab|"), ("draft\u{03}x", "x|"),
    ])
    func `keys change the draft`(keys: String, draft: String) {
        #expect(self.draft(keys) == draft)
    }

    @Test(arguments: [
        ("\u{1B}[A", "two|"), ("\u{1B}[A\u{1B}[A", "one|"), ("\u{1B}[A\u{1B}[A\u{1B}[A", "one|"),
        ("x\u{1B}[A\u{1B}[B", "x|"), ("\u{10}\u{10}\u{0E}", "two|"), ("x\u{1B}[B", "x|"),
    ])
    func `the history is walked, and the draft is kept`(keys: String, draft: String) {
        #expect(self.draft(keys, history: ["one", "two"]) == draft)
    }

    @Test func `says what the person wants`() {
        var editor = LineEditor()
        #expect(editor.feed(Array("a\r".utf8)) == [.changed, .submit("a")])
        #expect(editor.feed([0x04]) == [.end])
        #expect(editor.feed(Array("x\u{03}".utf8)) == [.changed, .interrupt(hadDraft: true)])
        #expect(editor.feed([0x03]) == [.interrupt(hadDraft: false)])
        #expect(editor.feed([0x1A]) == [.suspend])
        #expect(editor.feed([0x0C]) == [.clearScreen])
        #expect(editor.feed([0x7F]) == [.bell])
        #expect(editor.history == ["a"])
    }

    @Test func `keys may come torn`() {
        let keys = Array("日\u{1B}[D本\u{1B}[200~x\ry\u{1B}[201~\u{1B}[Hé".utf8)
        for place in 0...keys.count {
            var editor = LineEditor()
            _ = editor.feed(Array(keys[..<place]))
            _ = editor.feed(Array(keys[place...]))
            // Home goes to the beginning of the line, which is the second.
            #expect(editor.text == "本x\néy日", "cut at \(place)")
        }
    }

    @Test func `a draft is bounded`() {
        var editor = LineEditor()
        _ = editor.feed([UInt8](repeating: UInt8(ascii: "x"), count: LineEditor.limit))
        #expect(editor.feed([UInt8(ascii: "y")]) == [.bell])
        #expect(editor.characters.count == LineEditor.limit)
    }
}

@Suite struct LinePictureTests {
    private func picture(_ text: String, at cursor: Int, columns: Int = 10, rows: Int = 24) -> LinePicture {
        LinePicture(Array(text), cursor: cursor, prompt: "> ", columns: columns, rows: rows)
    }

    @Test(arguments: [
        ("", 0, ["> "], 0, 2), ("abc", 1, ["> abc"], 0, 3), ("a\nb", 3, ["> a", "  b"], 1, 3),
        ("a\nb", 1, ["> a", "  b"], 0, 3), ("a\n", 2, ["> a", "  "], 1, 2),
        ("abcdefghi", 9, ["> abcdefgh", "i"], 1, 1), ("abcdefgh", 8, ["> abcdefgh", ""], 1, 0),
        ("abcdefgh", 7, ["> abcdefgh"], 0, 9), ("abcdefghi", 8, ["> abcdefgh", "i"], 1, 0),
        ("日本日本日", 5, ["> 日本日本", "日"], 1, 2), ("a日本日本", 5, ["> a日本日", "本"], 1, 2),
        ("a\tb", 3, ["> a  b"], 0, 6), ("a\u{1B}b", 3, ["> a b"], 0, 5),
    ])
    func `wraps, and knows where the cursor is`(text: String, cursor: Int, rows: [String], row: Int, column: Int) {
        let picture = picture(text, at: cursor)
        #expect(picture.rows == rows)
        #expect(picture.cursorRow == row)
        #expect(picture.cursorColumn == column)
    }

    @Test func `of a tall draft the part around the cursor is shown`() {
        let text = (1...9).map(String.init).joined(separator: "\n")
        #expect(picture(text, at: text.count, rows: 3).rows == ["  7", "  8", "  9"])
        #expect(picture(text, at: 0, rows: 3).rows == ["> 1", "  2", "  3"])
        let middle = picture(text, at: 8, rows: 3)
        #expect(middle.rows == ["  4", "  5", "  6"])
        #expect(middle.cursorRow == 1)
    }

    @Test func `draws over what was there`() {
        let first = picture("a\nb", at: 3)
        #expect(first.drawing(over: nil) == "\r\u{1B}[J> a\r\n  b\r\u{1B}[3C")
        #expect(picture("a", at: 0).drawing(over: first) == "\u{1B}[1A\r\u{1B}[J> a\r\u{1B}[2C")
        #expect(picture("a\nb", at: 0).leaving == "\u{1B}[1B\r\n")
    }
}

@Suite struct ChatTurnTests {
    private func turn(_ stream: String, error: RuntimeClientError? = nil) -> ChatTurn {
        var parser = ChatStreamParser()
        parser.feed(Array(("event: session\ndata: {\"session_id\":\"s\"}\n\n" + stream).utf8))
        var turn = ChatTurn()
        while let event = try? parser.next() { turn.took(event) }
        turn.streamEnded(error)
        return turn
    }

    private static func call(_ isError: Bool) -> String {
        "event: tool_call\ndata: {\"id\":\"1\",\"name\":\"ls\",\"args\":{},\"output\":\"\",\"is_error\":\(isError)}\n\n"
    }

    private static func done(_ reason: String) -> String {
        "event: done\ndata: {\"session_id\":\"s\",\"finish_reason\":\"\(reason)\"}\n\n"
    }

    @Test func `its answer is what came after the last tool`() {
        let turn = turn("data: Look\n\n" + Self.call(true) + "data: Do\n\ndata: ne\n\n" + Self.done("stop"))
        #expect(turn.answer == "Done")
        #expect(turn.toolErrors == 1)
        #expect(turn.sessionID == "s")
        #expect(turn.exit == .ok)
    }

    @Test func `it fails by its tools when it gave up among them`() {
        #expect(turn(Self.call(true) + Self.done("tool_calls")).exit == .chatTool)
        #expect(turn(Self.call(true) + Self.call(false) + Self.done("tool_calls")).exit == .ok)
        #expect(turn(Self.call(true) + Self.done("stop")).exit == .ok)
        #expect(turn(Self.call(false) + Self.done("tool_calls")).exit == .ok)
    }

    @Test(arguments: [
        (RuntimeClientError.Code.networkUnavailable, 10), (.badRequest, 2), (.unauthorized, 5), (.notFound, 3),
        (.serverError, 20), (.streamViolated, 20), (.bridgeFailed, 20), (.unknown, 20),
    ])
    func `every failure has its exit code`(code: RuntimeClientError.Code, exit: Int32) {
        let turn = turn("", error: RuntimeClientError(code, "m"))
        #expect(turn.exit.rawValue == exit)
        #expect(turn.failure(at: "http://x")?.exit.rawValue == exit)
        // The first end counts.
        #expect(self.turn(Self.done("stop"), error: RuntimeClientError(code, "m")).exit == .ok)
    }
}

@Suite struct ModelTextTests {
    @Test(arguments: [
        ("plain\n\ttext é 日本 🎉", "plain\n\ttext é 日本 🎉"), ("\u{1B}[31mred\u{1B}[0m", "␛[31mred␛[0m"),
        ("a\r\u{08}\u{07}\u{00}b", "a␍␈␇␀b"), ("\u{7F}\u{9B}2J", "␡\u{FFFD}2J"),
        ("\u{202E}gnp.exe\u{2066}", "\u{FFFD}gnp.exe\u{FFFD}"),
    ])
    func `is made harmless, line by line`(text: String, shown: String) {
        #expect(modelText(text, isUTF8: true) == shown)
    }

    @Test func `needs no UTF-8 for that`() {
        #expect(modelText("a\u{1B}b\u{9B}", isUTF8: false) == "a?b?")
    }
}

@Suite struct ChatHistoryTests {
    @Test func `keeps what was sent, and forgets what cannot be read`() throws {
        var template = Array("/tmp/drover-history-XXXXXX".utf8CString)
        let home = try #require(mkdtemp(&template).map { String(cString: $0) })
        defer { rmdir(home) }
        let history = ChatHistory(home: home)
        defer { unlink(home + "/chat-history") }
        #expect(history.load() == [])
        history.add("one\ntwo")
        history.add(String(repeating: "x", count: ChatHistory.lengthLimit + 1))
        history.add("é")
        #expect(history.load() == ["one\ntwo", "é"])
        let file = open(home + "/chat-history", O_WRONLY | O_APPEND)
        _ = write(file, "nonsense\n", 9)
        close(file)
        #expect(history.load() == ["one\ntwo", "é"])
        for number in 0...(2 * ChatHistory.limit) { history.add("\(number)") }
        #expect(history.load().count == ChatHistory.limit)
        #expect(history.load().last == "\(2 * ChatHistory.limit)")
        ChatHistory(home: "/nonexistent").add("nowhere")
    }
}

@Suite struct ChatCommandTests {
    @Test func `asks a daemon at its address, and says when there is none`() {
        var desk = Desk()
        desk.environment["DROVER_URL"] = "http://127.0.0.1:1"
        let answer = desk.type("chat", "hello")
        #expect(answer.exit == .chatNetwork)
        #expect(answer.remarks.hasPrefix("No daemon answers at http://127.0.0.1:1: "))
        #expect(answer.remarks.hasSuffix("Start one with: drover up\n"))
    }

    @Test(arguments: [
        ["chat", "--session", "a", "--new"], ["chat", "--session", ""], ["chat", "--bridge", "x"],
        ["chat", "--socket", "/x"], ["chat", "show"], ["chat", "delete"],
    ])
    func `words that do not fit are usage`(words: [String]) {
        #expect(Desk().type(words).exit == .usage)
    }
}
