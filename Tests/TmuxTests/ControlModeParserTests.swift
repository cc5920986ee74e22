import Testing

@testable import Tmux

private typealias Message = ControlModeParser.Message
private typealias Reply = ControlModeParser.Reply

private func read(_ pieces: [[UInt8]], _ parser: ControlModeParser = ControlModeParser()) throws -> [Message] {
    var parser = parser
    var messages: [Message] = []
    for piece in pieces {
        parser.feed(piece)
        while let message = try parser.next() { messages.append(message) }
    }
    try parser.finish()
    return messages
}

/// Whole, byte by byte, and cut in two at every place.
private func expectMessages(_ messages: [Message], from stream: String) throws {
    let bytes = Array(stream.utf8)
    #expect(try read([bytes]) == messages)
    #expect(try read(bytes.map { [$0] }) == messages)
    for cut in bytes.indices { #expect(try read([Array(bytes[..<cut]), Array(bytes[cut...])]) == messages) }
}

@Suite struct ControlModeParserTests {
    @Test func `answers, errors and notifications are told apart`() throws {
        try expectMessages(
            [
                .reply(Reply(number: 278, isOurs: false, isError: false, body: [])),
                .notification(name: "session-changed", rest: "$1 b c"),
                .reply(Reply(number: 285, isOurs: true, isError: false, body: Array("one\n\ntwo\n".utf8))),
                .reply(Reply(number: 286, isOurs: true, isError: true, body: Array("can't find pane: %7\n".utf8))),
                .notification(name: "sessions-changed", rest: ""),
                .exit(reason: "server exited unexpectedly"),
            ],
            from: """
                %begin 17 278 0
                %end 17 278 0
                %session-changed $1 b c
                %begin 17 285 1
                one

                two
                %end 17 285 1
                %begin 18 286 1
                can't find pane: %7
                %error 18 286 1
                %sessions-changed
                %exit server exited unexpectedly

                """)
    }

    @Test func `only the same time, number and flags end an answer`() throws {
        let lines =
            "%end 17 4 1\n%error 18 5 1\n%end 17 5 0\n%end 17 5 11\n%end  17 5 1\n%begin 17 5 1\n%exit\n%endless\n"
        try expectMessages(
            [.reply(Reply(number: 5, isOurs: true, isError: false, body: Array(lines.utf8)))],
            from: "%begin 17 5 1\n\(lines)%end 17 5 1\n")
    }

    @Test func `lines that mean nothing are passed over`() throws {
        try expectMessages(
            [.notification(name: "x", rest: "y"), .exit(reason: "")],
            from: "hello\n\n%begin a b c\n%begin 1\n%x y\nworld\n%exit\n")
    }

    @Test func `bytes that are not UTF-8 stay what they are`() throws {
        let stream = Array("%begin 1 2 1\n".utf8) + [0xFF, 0x80, 0x0A] + Array("%end 1 2 1\n".utf8)
        #expect(
            try read([stream]) == [.reply(Reply(number: 2, isOurs: true, isError: false, body: [0xFF, 0x80, 0x0A]))])
    }

    @Test func `lines and answers are bounded`() {
        let small = ControlModeParser(lineLimit: 8, replyLimit: 16)
        #expect(throws: ControlModeParser.Failure.lineTooLong(limit: 8)) { try read([Array("123456789".utf8)], small) }
        #expect(throws: ControlModeParser.Failure.lineTooLong(limit: 8)) {
            try read([Array("123456789\n".utf8)], small)
        }
        #expect(throws: ControlModeParser.Failure.replyTooLong(limit: 16)) {
            try read([Array(("%begin 1 2 1\n" + String(repeating: "1234567\n", count: 3)).utf8)], .init(replyLimit: 16))
        }
    }

    @Test(arguments: ["%exi", "%begin 1 2 1\n", "%begin 1 2 1\nx\n"])
    func `an end in the middle is told`(stream: String) {
        #expect(throws: ControlModeParser.Failure.incomplete) { try read([Array(stream.utf8)]) }
    }

    @Test func `a long answer that trickles in costs no more than one that comes at once`() throws {
        let body = String(repeating: String(repeating: "x", count: 99) + "\n", count: 5_000)
        var parser = ControlModeParser()
        for byte in "%begin 1 2 1\n\(body)".utf8 {
            parser.feed(CollectionOfOne(byte))
            #expect(try parser.next() == nil)
        }
        parser.feed(Array("%end 1 2 1\n".utf8))
        #expect(try parser.next() == .reply(Reply(number: 2, isOurs: true, isError: false, body: Array(body.utf8))))
    }

    @Test func `whatever comes, it is the same however it is cut`() {
        var random = Seeded(7)
        let words = ["%begin", "%end", "%error", "%exit", " 1", " 2", "\n", "\n", "x", "%", " ", "\u{FF}"]
        for _ in 0..<300 {
            let stream = Array((0..<40).map { _ in words.randomElement(using: &random)! }.joined().utf8)
            let whole = Result { try read([stream]) }.mapError { $0 as! ControlModeParser.Failure }
            let trickled = Result { try read(stream.map { [$0] }) }.mapError { $0 as! ControlModeParser.Failure }
            #expect(whole == trickled)
        }
    }
}

private struct Seeded: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 31)
    }
}
