import Bytes
import Testing

@testable import Models

@Suite struct StreamTests {
    private func messages(_ stream: String, limit: Int = 1000, by size: Int) throws -> [ServerSentMessage] {
        var reader = ServerSentEventReader(limit: limit)
        var messages: [ServerSentMessage] = []
        let bytes = Array(stream.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            reader.feed(bytes[start..<min(start + size, bytes.count)])
            while let message = try reader.next() { messages.append(message) }
        }
        try reader.finish()
        while let message = try reader.next() { messages.append(message) }
        return messages
    }

    @Test(arguments: [
        ("data: a\n\n", [":a"]),
        ("data: a\r\n\r\n", [":a"]),
        ("data: a\r\r", [":a"]),
        ("data: a\r\ndata: b\n\r\n", [":a\nb"]),
        ("data\n\n", [":"]),
        ("data:  a \n\n", [": a "]),
        ("event: x\ndata: a\n\ndata: b\n\n", ["x:a", ":b"]),
        ("event: x\n\ndata: b\n\n", [":b"]),
        (": a\n:b\n\n", []),
        ("\n\n\r\n\r\r", []),
        ("id: 1\nretry: 5\nfoo: bar\ndata: a\n\n", [":a"]),
        ("\u{FEFF}data: a\n\n\u{FEFF}data: b\n\n", [":a"]),
        ("data: é\u{2028}\u{85}\n\n", [":é\u{2028}\u{85}"]),
        ("data: a", [":a"]),
    ])
    func `messages are the same however they are cut`(stream: String, expected: [String]) throws {
        for size in 1...max(1, stream.utf8.count) {
            let found = try messages(stream, by: size)
            #expect(found.map { "\($0.event):\(String(decoding: $0.data, as: UTF8.self))" } == expected, "by \(size)")
        }
    }

    @Test(arguments: [
        "data: aaaaaaaaaaaaaaaaaaaa\n\n", "data: aaaaaa\ndata: bbbbbb\ndata: cc\n\n", "aaaaaaaaaaaaaaaaaaaaa",
    ])
    func `a message is bounded, and what came before it is told`(long: String) {
        for size in 1...long.utf8.count {
            var reader = ServerSentEventReader(limit: 20)
            var count = 0
            #expect(throws: ModelStreamError.eventTooLarge(limit: 20)) {
                let bytes = Array(("data: a\n\n" + long).utf8)
                for start in stride(from: 0, to: bytes.count, by: size) {
                    reader.feed(bytes[start..<min(start + size, bytes.count)])
                    while try reader.next() != nil { count += 1 }
                }
            }
            #expect(count == 1)
        }
        #expect(ServerSentEventReader.limit == 16 << 20)
    }

    @Test func `many messages within the bound pass, whatever they have together`() throws {
        let stream = String(repeating: "data: 0123456789\n\n", count: 100)
        #expect(try messages(stream, limit: 20, by: 7).count == 100)
    }

    @Test func `the arguments of all calls are bounded together`() throws {
        var calls = CallAssembly(argumentsLimit: 10)
        try calls.take(at: 0, id: "a", name: "ls", arguments: "12345")
        try calls.take(at: 1, id: "b", name: "ls", arguments: "é789")
        #expect(throws: ModelStreamError.argumentsTooLarge(limit: 10)) {
            try calls.take(at: 0, id: nil, name: nil, arguments: "6")
        }
        #expect(CallAssembly.argumentsLimit == 16 << 20)
    }

    @Test func `arguments nested too deeply are kept as text`() {
        let deep = String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
        #expect(CallAssembly.arguments(Array(deep.utf8)) == ["raw": .string(deep)])
    }
}
