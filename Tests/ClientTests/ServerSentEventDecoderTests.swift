import Testing

@testable import Client

@Suite struct ServerSentEventDecoderTests {
    @Test func `reads messages, whatever ends their lines`() throws {
        for end in ["\n", "\r\n", "\r"] {
            let lines = [
                "id: 7", "event: SESSION_STARTED", "data: {\"a\":1}", "", ": still here", "", "data: x", "data:y", "",
                "",
            ]
            try expectFrames(
                [
                    ServerSentEvent(id: "7", event: "SESSION_STARTED", data: "{\"a\":1}"),
                    ServerSentEvent(id: "7", data: "x\ny"),
                ], from: lines.joined(separator: end)
            ) { ServerSentEventDecoder() }
        }
    }

    @Test func `drops what has no data, and the unfinished end`() throws {
        try expectFrames([], from: "event: nothing\n\nid: 3\n\ndata: cut off\n") { ServerSentEventDecoder() }
    }

    @Test func `skips a byte order mark and fields it does not know`() throws {
        try expectFrames([ServerSentEvent(data: "")], from: "\u{FEFF}retry: 10\ndata\nfoo: bar\n\n") {
            ServerSentEventDecoder()
        }
    }

    @Test func `is bounded`() {
        var decoder = ServerSentEventDecoder()
        let long = [UInt8](repeating: UInt8(ascii: "a"), count: ServerSentEventDecoder.limit + 1)
        decoder.feed(long)
        #expect(throws: ServerSentEventTooLong(limit: ServerSentEventDecoder.limit)) { try decoder.next() }
    }
}
