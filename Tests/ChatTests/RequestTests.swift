import Bytes
import Testing

@testable import Chat

@Suite struct RequestTests {
    @Test(arguments: [
        (#"{"message":"hi"}"#, ChatRequest(message: "hi")),
        (#"{"message":" hi\n","session_id":null}"#, ChatRequest(message: " hi\n")),
        (#"{"message":"hi","session_id":"","other":{"x":1}}"#, ChatRequest(message: "hi")),
        (#"{"message":"hi","session_id":"a.B_c:d-0"}"#, ChatRequest(message: "hi", sessionID: "a.B_c:d-0")),
    ])
    func `reads what is a chat`(body: String, request: ChatRequest) throws {
        #expect(try ChatRequest(body: Array(body.utf8)) == request)
    }

    @Test(arguments: [
        "", "{", "[]", "null", #""hi""#, "{}", #"{"message":null}"#, #"{"message":1}"#, #"{"message":""}"#,
        #"{"message":" \t\r\n\u00a0"}"#, #"{"message":"a","message":"a"}"#, #"{"message":"a","session_id":1}"#,
        #"{"message":"a","session_id":"-a"}"#, #"{"message":"a"} {}"#,
    ])
    func `refuses everything else`(body: String) {
        #expect { try ChatRequest(body: Array(body.utf8)) } throws: { error in
            (error as? TurnError)?.code == .invalidRequest
        }
    }

    @Test func `a message has a mebibyte at most`() throws {
        func body(_ count: Int) -> [UInt8] {
            Array(#"{"message":""#.utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: count) + Array(#""}"#.utf8)
        }
        #expect(try ChatRequest(body: body(1 << 20)).message.utf8.count == 1 << 20)
        #expect(throws: TurnError.self) { try ChatRequest(body: body(1 << 20 + 1)) }
    }

    @Test(arguments: [
        ("a", true), ("Z9", true), ("0", true), ("a.b_c:d-e", true), ("", false), ("-a", false), (".a", false),
        (":a", false), ("_a", false), ("a b", false), ("a/b", false), ("é", false), ("a\n", false), ("a\0", false),
        (String(repeating: "a", count: 128), true), (String(repeating: "a", count: 129), false),
    ])
    func `ids have a form`(id: String, isOne: Bool) { #expect(SessionIDRules.accepts(id) == isOne) }

    @Test(arguments: [
        ("/api/sessions/a", true), ("/a%20b", true), ("/%c3%a9", true), ("/%", false), ("/%4", false), ("/%zz", false),
        ("/%ff", false), ("/%c3", false), ("/%c3x", false), ("/a%00", true),
    ])
    func `escapes are two digits and UTF-8`(path: String, isSound: Bool) {
        #expect(PathEscapes.areSound(path) == isSound)
    }

    @Test(
        arguments: [
            ([("retry-after", "3")], 3000), ([("retry-after", "0")], 0), ([("retry-after", "-1")], 0),
            ([("retry-after", "1.5")], 1500), ([("retry-after", "Fri, 31 Dec 1999 23:59:59 GMT")], nil),
            ([("retry-after-ms", "250"), ("retry-after", "9")], 250), ([("x", "3")], nil), ([], nil),
            ([("retry-after", "nan")], nil), ([("retry-after", "1e300")], 1_000_000_000_000),
        ] as [([(String, String)], Int64?)])
    func `providers say how long they want to be left alone`(headers: [(String, String)], milliseconds: Int64?) {
        #expect(RetryAfter.milliseconds(headers.map { (name: $0.0, value: $0.1) }) == milliseconds)
    }
}
