import Bytes
import Models
import Testing

@testable import RuntimeClient

/// The table of chat-runtime §6.4, row by row (V13), each stream cut in every way.
@Suite struct ChatStreamParserTests {
    /// What became of a stream: its events in a short form, and how it ended.
    private struct Outcome: Equatable, CustomStringConvertible {
        var events: [String] = []
        var violation: ChatStreamViolation?
        var isComplete = false

        var description: String { "\(events) \(violation.map { "\($0)" } ?? "well") \(isComplete)" }
    }

    private static func parse(_ pieces: [[UInt8]], limit: Int) -> Outcome {
        var parser = ChatStreamParser(eventLimit: limit)
        var outcome = Outcome()
        do throws(ChatStreamViolation) {
            for piece in pieces {
                parser.feed(piece)
                while let event = try parser.next() { outcome.events.append(event.short) }
            }
            try parser.finish()
            while let event = try parser.next() { outcome.events.append(event.short) }
        } catch {
            outcome.violation = error
            // Once, and nothing after it.
            parser.feed(Array("event: done\ndata: {\"session_id\":\"s\"}\n\n".utf8))
            #expect(throws: error) { try parser.next() }
        }
        outcome.isComplete = parser.isComplete
        return outcome
    }

    private func expect(
        _ bytes: [UInt8], _ events: [String], _ violation: ChatStreamViolation? = nil,
        limit: Int = ChatStreamParser.eventLimit, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let expected = Outcome(events: events, violation: violation, isComplete: violation == nil)
        var cuts = [[bytes], bytes.map { [$0] }]
        for place in 0...bytes.count { cuts.append([Array(bytes[..<place]), Array(bytes[place...])]) }
        var random = Seeded(UInt64(bytes.count))
        for _ in 0..<50 { cuts.append(random.pieces(of: bytes)) }
        for pieces in cuts {
            #expect(Self.parse(pieces, limit: limit) == expected, sourceLocation: sourceLocation)
        }
    }

    private func expect(
        _ text: String, _ events: [String], _ violation: ChatStreamViolation? = nil,
        limit: Int = ChatStreamParser.eventLimit, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        expect(Array(text.utf8), events, violation, limit: limit, sourceLocation: sourceLocation)
    }

    private static let session = "event: session\ndata: {\"session_id\":\"s\"}\n\n"
    private static let done = "event: done\ndata: {\"session_id\":\"s\"}\n\n"

    @Test(arguments: ["\n", "\r\n", "\r"])
    func `lines end in LF, CRLF or CR`(end: String) {
        let lines = [
            "event: session", "data: {\"session_id\":\"s\"}", "", "event: delta", "data: a", "data: b", "",
            "event: done", "data: {\"session_id\":\"s\"}", "", "",
        ]
        expect(lines.joined(separator: end), ["session s", "delta a\nb", "done s"])
    }

    @Test func `line ends may be mixed`() {
        expect(
            "event: session\rdata: {\"session_id\":\"s\"}\r\n\revent: delta\ndata: x\r\r\n\n" + Self.done,
            ["session s", "delta x", "done s"])
    }

    @Test func `a byte order mark at the beginning is passed over, and one elsewhere is text`() {
        expect("\u{FEFF}" + Self.session + Self.done, ["session s", "done s"])
        expect("\u{FEFF}: a comment\n" + Self.session + Self.done, ["session s", "done s"])
        expect(": a comment\n" + Self.session + Self.done, ["session s", "done s"])
        expect(
            Self.session + "event: delta\ndata: \u{FEFF}x\n\n" + Self.done, ["session s", "delta \u{FEFF}x", "done s"])
    }

    @Test func `letters of several bytes survive every cut`() {
        expect(
            Self.session + "event: delta\ndata: é 日本 🎉 e\u{301}\n\n" + Self.done,
            ["session s", "delta é 日本 🎉 e\u{301}", "done s"])
    }

    @Test(
        arguments: [
            [0xFF], [0xC3, 0x28], [0xE2, 0x82, 0x0A], [0xED, 0xA0, 0x80], [0xC0, 0xAF], [0xF5, 0x80, 0x80, 0x80],
            [0x80],
        ] as [[UInt8]])
    func `bytes that are no UTF-8 are a violation, wherever they stand`(bytes: [UInt8]) {
        let begin = Array((Self.session + "event: delta\ndata: ok\n\n").utf8)
        expect(begin + Array("data: ".utf8) + bytes + [0x0A, 0x0A], ["session s", "delta ok"], .invalidUTF8)
        expect(begin + Array(": ".utf8) + bytes + [0x0A, 0x0A], ["session s", "delta ok"], .invalidUTF8)
    }

    @Test func `a letter that is not whole at the end is no text, and the stream has ended too early`() {
        expect(Array(Self.session.utf8) + Array("data: ".utf8) + [0xE2, 0x82], ["session s"], .truncated)
    }

    @Test(arguments: [
        ("data: world", "world"), ("data:  world ", " world "), ("data:world", "world"), ("data:\tx", "\tx"),
        ("data:   ", "  "), ("data: ", ""), ("data", ""), ("data: a:b: c", "a:b: c"),
        ("data: keepalive", "keepalive"), ("data: \u{A0}x\u{A0}", "\u{A0}x\u{A0}"),
    ])
    func `exactly one space is taken from a value`(line: String, text: String) {
        expect(Self.session + "event: delta\n\(line)\n\n" + Self.done, ["session s", "delta " + text, "done s"])
    }

    @Test func `several data lines are joined with LF`() {
        expect(
            Self.session + "event: delta\ndata: a\ndata:  b\ndata: \ndata: c\n\n" + Self.done,
            ["session s", "delta a\n b\n\nc", "done s"])
        expect(
            "event: session\ndata: {\ndata: \"session_id\":\ndata: \"s\"}\n\n" + Self.done, ["session s", "done s"])
    }

    @Test func `comments are passed over, and what only looks like one is not`() {
        expect(
            ": keepalive\n\n" + Self.session + ":\nevent: delta\n: in the middle\ndata: : keepalive\n\n: x\n\n"
                + Self.done, ["session s", "delta : keepalive", "done s"])
    }

    @Test func `an event without a name is a delta`() {
        expect(
            Self.session + "data: x\n\nevent:\ndata: y\n\nevent: \ndata: z\n\n" + Self.done,
            ["session s", "delta x", "delta y", "delta z", "done s"])
    }

    @Test func `events of unknown names are passed over`() {
        expect(
            "event: hello\ndata: no JSON\n\n" + Self.session + "event: tool_start\ndata: x\n\n" + Self.done,
            ["session s", "done s"])
    }

    @Test func `fields of unknown names are passed over`() {
        expect(
            "id: 7\nretry: 10\n" + Self.session + "foo\nevent: delta\nDATA: no\ndata: x\n\n" + Self.done,
            ["session s", "delta x", "done s"])
    }

    @Test(arguments: [" ", "", "\t", "\n", "  \n "])
    func `blank deltas are given as they are`(text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { "data: \($0)\n" }.joined()
        expect(Self.session + "event: delta\n\(lines)\n" + Self.done, ["session s", "delta " + text, "done s"])
    }

    @Test func `an event without data is none`() {
        expect(Self.session + "event: done\n\n" + Self.done, ["session s", "done s"])
    }

    @Test func `the name of an event is forgotten with its end`() {
        expect(Self.session + "event: error\n\ndata: x\n\n" + Self.done, ["session s", "delta x", "done s"])
    }

    @Test(arguments: ["", "\n"])
    func `an event without its empty line is discarded, and then the stream has ended too early`(end: String) {
        expect(Self.session + "event: done\ndata: {\"session_id\":\"s\"}" + end, ["session s"], .truncated)
    }

    @Test func `an end before done or error is a violation`() {
        expect("", [], .truncated)
        expect(Self.session, ["session s"], .truncated)
        expect(Self.session + "event: delta\ndata: x\n\n: bye\n", ["session s", "delta x"], .truncated)
    }

    @Test(arguments: [
        ("session", "nonsense"), ("session", "[]"), ("session", "\"s\""), ("session", "{\"session_id\":\"s\"} x"),
        ("tool_call", "{"), ("done", "null"), ("done", "7"), ("error", "{'message': 1}"), ("error", ""),
    ])
    func `bad JSON is a violation`(event: String, data: String) {
        let begin = event == "session" ? "" : Self.session
        expect(
            begin + "event: \(event)\ndata: \(data)\n\n" + Self.done, begin.isEmpty ? [] : ["session s"],
            .notAnObject(event: event))
    }

    @Test(arguments: [
        ("session", "{}", "session_id"), ("session", "{\"session_id\":7}", "session_id"),
        ("session", "{\"session_id\":null}", "session_id"), ("done", "{\"usage\":null}", "session_id"),
        ("error", "{\"code\":\"x\"}", "message"), ("error", "{\"message\":[]}", "message"),
        ("tool_call", "{\"name\":\"n\",\"args\":{},\"output\":\"\",\"is_error\":false}", "id"),
        ("tool_call", "{\"id\":\"i\",\"args\":{},\"output\":\"\",\"is_error\":false}", "name"),
        ("tool_call", "{\"id\":\"i\",\"name\":\"n\",\"output\":7,\"is_error\":false}", "output"),
        ("tool_call", "{\"id\":\"i\",\"name\":\"n\",\"output\":\"\",\"is_error\":\"no\"}", "is_error"),
        ("tool_call", "{\"id\":\"i\",\"name\":\"n\",\"output\":\"\",\"is_error\":0}", "is_error"),
    ])
    func `a required key that is missing or of another type is a violation`(event: String, data: String, key: String) {
        let begin = event == "session" ? "" : Self.session
        expect(
            begin + "event: \(event)\ndata: \(data)\n\n" + Self.done, begin.isEmpty ? [] : ["session s"],
            .missing(key: key, event: event))
    }

    @Test(arguments: [
        ("delta", "data: x"), ("delta", "event: delta\ndata: x"), ("done", "event: done\ndata: {\"session_id\":\"s\"}"),
        ("error", "event: error\ndata: {\"message\":\"m\"}"),
    ])
    func `a stream that does not begin with session is a violation`(name: String, lines: String) {
        expect(lines + "\n\n" + Self.session + Self.done, [], .wrongFirstEvent(name))
    }

    @Test func `what follows the terminal event is passed over, even if it is no text`() {
        expect(
            Array((Self.session + Self.done + "event: delta\ndata: late\n\n").utf8) + [0xFF, 0xFE],
            ["session s", "done s"])
        expect(Self.session + "event: error\ndata: {\"message\":\"m\"}\n\n" + Self.done, ["session s", "error m"])
    }

    @Test func `an event of the longest length is taken, and one byte more is a violation`() {
        let long = "data: " + String(repeating: "x", count: 34)
        expect(
            Self.session + long + "\n\n" + Self.done, ["session s", "delta " + long.dropFirst(6), "done s"], limit: 40)
        expect(Self.session + long + "y\n\n" + Self.done, ["session s"], .eventTooLong(limit: 40), limit: 40)
        // Many short lines are one long event.
        let lines = String(repeating: "data: x\n", count: 6)
        expect(Self.session + lines + "\n" + Self.done, ["session s"], .eventTooLong(limit: 40), limit: 40)
        // What is no event may be as long as it likes, and so may a stream.
        let comment = ": " + String(repeating: "c", count: 100) + "\n"
        expect(
            Self.session + comment + "data: x\n\ndata: y\n" + comment + "\n" + Self.done,
            ["session s", "delta x", "delta y", "done s"], limit: 40)
    }

    @Test func `of two violations the first one counts`() {
        let start = Array((Self.session + "data: " + String(repeating: "x", count: 34)).utf8)
        expect(start + [0xFF, 0x0A], ["session s"], .invalidUTF8, limit: 40)
        expect(start + [0x78, 0xFF, 0x0A], ["session s"], .eventTooLong(limit: 40), limit: 40)
        expect(start.dropLast() + [0xC3, 0xA9, 0x0A, 0x0A], ["session s"], .eventTooLong(limit: 40), limit: 40)
        expect(start.dropLast() + [0xC3, 0x0A, 0x0A], ["session s"], .invalidUTF8, limit: 40)
    }

    @Test func `16 MiB are the longest event`() {
        #expect(ChatStreamParser.eventLimit == 16_777_216)
        let text = String(repeating: "a", count: ChatStreamParser.eventLimit)
        var parser = ChatStreamParser()
        parser.feed(Array((Self.session + "data: ").utf8))
        parser.feed(Array(text.utf8))
        #expect(throws: ChatStreamViolation.eventTooLong(limit: ChatStreamParser.eventLimit)) {
            while try parser.next() != nil {}
        }
    }

    @Test func `tells all that the server said`() throws {
        let done =
            #"{"session_id":"s","usage":{"prompt_tokens":10,"completion_tokens":20,"total_tokens":30,"#
            + #""total":{"prompt_tokens":11,"completion_tokens":22,"total_tokens":33}},"finish_reason":"stop","extra":1}"#
        var parser = ChatStreamParser()
        parser.feed(
            Array(
                (Self.session
                    + "event: tool_call\ndata: {\"id\":\"i\",\"name\":\"ls\",\"args\":{\"path\":\".\"},\"output\":\"a\\nb\",\"is_error\":true}\n\n"
                    + "event: done\ndata: \(done)\n\n").utf8))
        _ = try parser.next()
        guard case .toolCall(let call) = try parser.next() else { throw Missing() }
        #expect(call.arguments == ["path": "."])
        #expect(call.output == "a\nb")
        #expect(call.isError)
        guard case .done(let report) = try parser.next() else { throw Missing() }
        #expect(report.usage == TokenUsage(promptTokens: 10, completionTokens: 20, totalTokens: 30))
        #expect(report.finishReason == "stop")
        #expect(report.json == (try JSON(parsing: done)))
    }

    @Test func `random streams of events come out as they went in, however they are cut`() {
        var random = Seeded(2026)
        let texts = ["a", "é", "🎉", " ", "\n", "data: x", ": no comment", "日本\n\n", "", "\u{FEFF}", "event: done"]
        for _ in 0..<200 {
            let end = ["\n", "\r\n", "\r"].randomElement(using: &random)!
            var stream = Self.session
            var expected = ["session s"]
            for _ in 0..<Int.random(in: 0...12, using: &random) {
                let text = (0..<3).map { _ in texts.randomElement(using: &random)! }.joined()
                let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
                stream += "event: delta\n" + lines.map { "data: \($0)\n" }.joined() + "\n"
                expected.append("delta " + text)
                if Bool.random(using: &random) { stream += ": keepalive\n\n" }
            }
            stream += Self.done
            expected.append("done s")
            let bytes = Array(
                stream.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: end).utf8)
            for _ in 0..<20 {
                let outcome = Self.parse(random.pieces(of: bytes), limit: ChatStreamParser.eventLimit)
                #expect(outcome == Outcome(events: expected, isComplete: true))
            }
        }
    }
}

struct Missing: Error {}

extension ChatEvent {
    /// Its name and what matters of it.
    var short: String {
        switch self {
        case .session(let report): return "session \(report.sessionID)"
        case .delta(let text): return "delta \(text)"
        case .toolCall(let report): return "tool_call \(report.name) \(report.isError ? "failed" : "ok")"
        case .done(let report): return "done \(report.sessionID)"
        case .error(let report): return "error \(report.message)"
        }
    }
}
