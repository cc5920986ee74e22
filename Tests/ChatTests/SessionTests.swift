import Bytes
import Fleet
import Models
import Reactor
import Testing

@testable import Chat

/// Calls `body` on the loop, which all tests share, and gives what it returns.
func onLoop<Value: Sendable>(_ body: @escaping @Sendable @Loop () -> Value) async -> Value {
    Loop.runInBackground()
    return await withCheckedContinuation { continuation in Loop.post { continuation.resume(returning: body()) } }
}

private let start = PreciseTime(rfc3339: "2026-03-02T08:15:30.000000Z")!

@Loop
private func session(_ id: String, number: Int64 = 1, at time: PreciseTime = start) -> ChatSession {
    ChatSession(key: ChatSessionKey(number: number, id: id), at: time)
}

/// Adds messages as if they had become durable at once.
@Loop
private func add(_ messages: [ChatMessage], to session: ChatSession, at time: PreciseTime) -> ChatSave {
    let (save, stamped) = session.save(messages, outcome: nil, settings: nil, at: time)
    session.apply(save, stamped)
    return save
}

@Loop
private func text(_ session: ChatSession) -> String { String(decoding: session.parts.joined(), as: UTF8.self) }

@Suite struct ChatSessionTests {
    private let asked = ChatMessage(role: .user, content: "hi")
    private let answered = ChatMessage(role: .assistant, content: "hello")

    @Test func `a session is shown as it was made`() async {
        let json = await onLoop { text(session("a:b")) }
        #expect(
            json
                == #"{"id":"a:b","created_at":"2026-03-02T08:15:30.000000Z","updated_at":"2026-03-02T08:15:30.000000Z","messages":[]}"#
        )
    }

    @Test func `messages are stamped one after another, and the session with the last of them`() async throws {
        let asked = asked
        let answered = answered
        let (json, save) = await onLoop {
            let session = session("s")
            let save = add([asked, answered], to: session, at: start + 5)
            return (text(session), save)
        }
        #expect(save.isNew)
        #expect(save.messages.map(\.position) == [0, 1])
        #expect(save.messages.map(\.at) == [start + 5, start + 6])
        let parsed = try JSON(parsing: Array(json.utf8))
        #expect(parsed["updated_at"] == "2026-03-02T08:15:30.000006Z")
        #expect(parsed["messages"]?[1]?["created_at"] == "2026-03-02T08:15:30.000006Z")
        #expect(parsed["messages"]?[0]?["content"] == "hi")
        #expect(parsed["messages"]?.array?.count == 2)
    }

    @Test(arguments: [Int64(0), -1_000_000, 1])
    func `a clock that stands or goes back does not turn the order round`(step: Int64) async {
        let asked = asked
        let times = await onLoop {
            let session = session("s", at: start)
            var times = [session.updatedAt]
            var now = start
            for _ in 0..<5 {
                _ = add([asked], to: session, at: now)
                times.append(session.updatedAt)
                now = now + step
            }
            return times
        }
        for (earlier, later) in zip(times, times.dropFirst()) { #expect(earlier < later) }
    }

    @Test func `nothing is shown of what is not durable`() async {
        let asked = asked
        let (before, after) = await onLoop {
            let session = session("s")
            let before = text(session)
            _ = session.save([asked], outcome: nil, settings: nil, at: start)
            return (before, text(session))
        }
        #expect(before == after)
    }

    @Test func `what was read back is what was there`() async {
        let call = ToolCall(id: "c", name: "ls", arguments: ["path": ["deep": [1, nil, "x"]]])
        let messages = [
            asked, ChatMessage(role: .assistant, content: "", toolCalls: [call]),
            ChatMessage(role: .tool, content: "tool error: \r\n é", name: "ls", toolCallID: "c", isError: true),
            ChatMessage(role: .assistant, content: "half", isPartial: true),
        ]
        let (written, read, values) = await onLoop {
            let session = session("s")
            let save = add(messages, to: session, at: start)
            let stored = StoredChatSession(
                key: session.key, createdAt: session.createdAt, updatedAt: session.updatedAt,
                messages: save.messages.map(\.encoded))
            let again = ChatSession(stored)
            return (
                text(session), text(again), again.messages.map { ($0.role, $0.content, $0.toolCalls, $0.isPartial) }
            )
        }
        #expect(written == read)
        #expect(values.map(\.0) == messages.map(\.role))
        #expect(values.map(\.1) == messages.map(\.content))
        #expect(values.map(\.2) == messages.map(\.toolCalls))
        #expect(values.map(\.3) == [false, false, false, true])
    }

    @Test func `arguments as deep as JSON may be are read back`() async {
        var arguments: JSON = 1
        for _ in 0..<(JSONReader.depthLimit - 1) { arguments = [arguments] }
        let call = ToolCall(id: "c", name: "n", arguments: arguments)
        let message = ChatMessage(role: .assistant, content: "x", toolCalls: [call])
        let calls = await onLoop {
            let session = session("s")
            _ = add([message], to: session, at: start)
            session.rest()
            return session.messages.flatMap(\.toolCalls)
        }
        #expect(calls == [call])
    }

    @Test func `a row that is no message spoils no other`() async throws {
        let good = Array(#"{"role":"user","content":"fine"}"#.utf8)
        let (json, count) = await onLoop {
            let session = ChatSession(
                StoredChatSession(
                    key: ChatSessionKey(number: 1, id: "s"), createdAt: start, updatedAt: start,
                    messages: [good, Array("{broken".utf8), good]))
            return (text(session), session.messages.count)
        }
        let messages = try JSON(parsing: Array(json.utf8))["messages"]?.array
        #expect(messages?.count == 3)
        #expect(messages?[1]["partial"] == true)
        #expect(count == 3)
    }

    @Test func `a list shows the first question and the last words`() async throws {
        let long = String(repeating: "é", count: 500)
        let messages = [
            ChatMessage(role: .user, content: "first\nquestion"), ChatMessage(role: .assistant, content: long),
            ChatMessage(role: .tool, content: "output", name: "ls", toolCallID: "c"),
        ]
        let (view, later, summary) = await onLoop {
            let session = session("s")
            _ = add(messages, to: session, at: start)
            session.rest()
            let view = session.view
            _ = add([ChatMessage(role: .user, content: "second")], to: session, at: start + 10)
            var summary: [UInt8] = []
            session.appendSummary(to: &summary)
            return (view, session.view, summary)
        }
        #expect(view.title == "first\nquestion")
        #expect(view.lastMessage?.role == .assistant)
        #expect(view.lastMessage?.text.unicodeScalars.count == 160)
        #expect(view.lastMessage?.text.hasSuffix("é…") == true)
        #expect(view.messageCount == 3)
        #expect(view.state == .idle)
        #expect(later.title == "first\nquestion")
        #expect(later.lastMessage == .init(role: .user, text: "second"))
        let parsed = try JSON(parsing: summary)
        #expect(parsed["message_count"] == 4)
        #expect(parsed["preview"] == "second")
        #expect(parsed["messages"] == nil)
    }
}

@Suite struct SessionShelfTests {
    private func order(_ body: @escaping @Sendable @Loop (SessionShelf) -> Void) async -> [String] {
        await onLoop {
            let shelf = SessionShelf()
            body(shelf)
            return shelf.newestFirst.map(\.id)
        }
    }

    @Test func `the newest change is first, then the newest session, then the least id`() async {
        let ids = await onLoop {
            let stored = [("b", 0, 5), ("a", 0, 5), ("c", 1, 5), ("d", 9, 9), ("e", 0, 1)].enumerated().map {
                index, item in
                StoredChatSession(
                    key: ChatSessionKey(number: Int64(index), id: item.0), createdAt: start + Int64(item.1),
                    updatedAt: start + Int64(item.2), messages: [])
            }
            return SessionShelf(stored).newestFirst.map(\.id)
        }
        #expect(ids == ["d", "c", "a", "b", "e"])
    }

    @Test func `a change moves its session, and no other`() async {
        let ids = await order { shelf in
            for (index, id) in ["a", "b", "c", "d"].enumerated() {
                shelf.update(session(id, at: start + Int64(index))) {}
            }
            if let b = shelf["b"] {
                shelf.update(b) { _ = add([ChatMessage(role: .user, content: "x")], to: b, at: start + 100) }
            }
            if let c = shelf["c"] { shelf.remove(c) }
        }
        #expect(ids == ["b", "d", "a"])
    }

    @Test(arguments: 0..<20)
    func `after any story the order is that of the list`(seed: UInt64) async {
        let isSorted = await onLoop {
            var state = seed &* 0x9E37_79B9 &+ 12345
            func random(_ bound: Int) -> Int {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Int(state >> 33) % bound
            }
            let shelf = SessionShelf()
            var count = 0
            for step in 0..<300 {
                let id = "s\(random(40))"
                switch random(4) {
                case 0: if let known = shelf[id] { shelf.remove(known) }
                default:
                    let target =
                        shelf[id] ?? session(id, number: shelf.takeNumber(), at: start + Int64(random(step + 1)))
                    shelf.update(target) {
                        _ = add([ChatMessage(role: .user, content: "x")], to: target, at: start + Int64(random(500)))
                    }
                }
                count = Array(shelf.newestFirst).count
                guard count == shelf.count else { return false }
            }
            let list = Array(shelf.newestFirst)
            return zip(list, list.dropFirst()).allSatisfy { $0.updatedAt >= $1.updatedAt }
                && list.allSatisfy { shelf[$0.id] === $0 }
        }
        #expect(isSorted)
    }

    @Test func `numbers go on behind those that are taken`() async {
        let numbers = await onLoop {
            let shelf = SessionShelf([
                StoredChatSession(
                    key: ChatSessionKey(number: 41, id: "s"), createdAt: start, updatedAt: start, messages: [])
            ])
            return [shelf.takeNumber(), shelf.takeNumber()]
        }
        #expect(numbers == [42, 43])
    }
}
