import Bytes
import Models
import Testing

@testable import Telegram

@Suite("What Telegram tells")
struct TelegramUpdateTests {
    @Test(
        arguments: [
            (
                #"{"update_id": 7, "message": {"message_id": 1, "text": "hi", "chat": {"id": 5, "type": "private"}, "from": {"id": 9}}}"#,
                TelegramUpdate(id: 7, message: TelegramMessage(id: 1, chat: 5, user: 9, text: "hi")), "telegram:5:9"
            ),
            (
                #"{"update_id": 8, "edited_message": {"message_id": 2, "text": "é\n🐑", "chat": {"id": -100123456789}, "from": {"id": 9}}}"#,
                TelegramUpdate(id: 8, message: TelegramMessage(id: 2, chat: -100_123_456_789, user: 9, text: "é\n🐑")),
                "telegram:-100123456789:9"
            ),
            (
                #"{"update_id": 9, "message": {"message_id": 3, "text": "x", "chat": {"id": -4}}}"#,
                TelegramUpdate(id: 9, message: TelegramMessage(id: 3, chat: -4, user: nil, text: "x")), "telegram:-4:0"
            ),
            (
                #"{"update_id": 9, "message": {"message_id": 3, "text": "x", "chat": {"id": 4}, "from": null}, "edited_message": null}"#,
                TelegramUpdate(id: 9, message: TelegramMessage(id: 3, chat: 4, user: nil, text: "x")), "telegram:4:0"
            ),
            (
                #"{"update_id": 1, "message": {"message_id": 1, "photo": [], "chat": {"id": 5}}}"#,
                TelegramUpdate(id: 1, message: nil), nil
            ),
            (
                #"{"update_id": 1, "message": {"message_id": 1, "text": "", "chat": {"id": 5}}}"#,
                TelegramUpdate(id: 1, message: nil), nil
            ),
            (#"{"update_id": 1, "callback_query": {}}"#, TelegramUpdate(id: 1, message: nil), nil),
        ] as [(String, TelegramUpdate, String?)])
    func `messages are taken, other news is passed over`(text: String, update: TelegramUpdate, key: String?) throws {
        #expect(TelegramUpdate(json: try JSON(parsing: text)) == update)
        #expect(update.message?.sessionKey == key)
    }

    @Test(arguments: [
        "{}", "[]", #"{"update_id": "7"}"#, #"{"update_id": 1.0}"#,
        #"{"update_id": 1, "message": {"text": "x", "chat": {"id": 5}}}"#,
        #"{"update_id": 1, "message": {"message_id": 1, "text": "x"}}"#, #"{"update_id": 1, "message": 5}"#,
    ])
    func `what is no update is none`(text: String) throws {
        #expect(TelegramUpdate(json: try JSON(parsing: text)) == nil)
    }

    @Test func `a conversation keeps its session until that is deleted`() {
        var sessions = TelegramSessions()
        #expect(sessions.session(of: "telegram:1:1") == nil)
        sessions.bind("telegram:1:1", to: "a")
        sessions.bind("telegram:1:2", to: "b")
        #expect(sessions.session(of: "telegram:1:1") == "a")
        sessions.forget(session: "a")
        #expect(sessions.session(of: "telegram:1:1") == nil)
        #expect(sessions.session(of: "telegram:1:2") == "b")
    }

    @Test func `the conversation that was quiet longest is forgotten first`() {
        var sessions = TelegramSessions()
        for index in 0..<TelegramSessions.limit { sessions.bind("\(index)", to: "s\(index)") }
        #expect(sessions.session(of: "0") == "s0")
        sessions.bind("more", to: "s")
        #expect(sessions.session(of: "1") == nil)
        #expect(sessions.session(of: "0") == "s0")
        #expect(sessions.session(of: "more") == "s")
    }
}

@Suite("What Telegram is asked and told")
struct TelegramBotTests {
    private let bot = TelegramBot(apiBaseURL: "https://api.telegram.org", token: "12:secret")

    @Test func `a message goes out with its chat as text`() throws {
        let request = bot.sendMessage("a \"b\"\n", toChat: -5)
        #expect(request.method == "POST")
        #expect(request.url == "https://api.telegram.org/bot12:secret/sendMessage")
        #expect(request.headers.map(\.name) == ["content-type"])
        #expect(try JSON(parsing: request.body) == ["chat_id": "-5", "text": "a \"b\"\n"])
    }

    @Test func `the token is in no reason`() {
        let body = Array(#"{"ok": false, "description": "no bot 12:secret here"}"#.utf8)
        #expect(bot.reason(status: 401, body: body) == "Telegram answered 401: no bot *** here")
        #expect(bot.reason(status: 502, body: [0xFF]) == "Telegram answered 502: no reason was given")
        #expect(bot.harmless("https://x/bot12:secret/getUpdates") == "https://x/bot***/getUpdates")
        #expect(bot.harmless(String(repeating: "x", count: 1000)).count == 500)
        #expect(TelegramBot(apiBaseURL: "x", token: "").harmless("x") == "x")
    }

    @Test func `a short text is one message, and white space is none`() {
        #expect(TelegramBot.messages(of: "hello\nthere ") == ["hello\nthere "])
        for text in ["", " ", "\n\t"] { #expect(TelegramBot.messages(of: text).isEmpty) }
        let full = String(repeating: "x", count: TelegramBot.textLimit)
        #expect(TelegramBot.messages(of: full) == [full])
    }

    @Test(arguments: [
        ("x", 10_000), ("word ", 3000), ("a line of it\r\n", 1000), ("🐑", 5000), ("👩‍👩‍👧‍👦", 1000), ("\u{301}", 10_000),
    ])
    func `a long text is cut where it does least harm, and nothing is lost`(piece: String, count: Int) {
        let text = String(repeating: piece, count: count)
        let messages = TelegramBot.messages(of: text)
        #expect(messages.count > 1)
        #expect(messages.joined() == text)
        #expect(messages.allSatisfy { $0.utf16.count <= TelegramBot.textLimit })
        if piece.last?.isWhitespace == true { #expect(messages.allSatisfy { $0.last == piece.last }) }
    }
}

@Suite("A message on its way")
struct TelegramDeliveryTests {
    private let bot = TelegramBot(apiBaseURL: "mock://", token: "12:secret")

    /// Every action until it is over, with that answer to each attempt.
    private func course(_ outcome: (Int) -> TelegramDelivery.Outcome) -> [TelegramDelivery.Action] {
        var delivery = TelegramDelivery(by: bot)
        var actions = [delivery.first]
        while let last = actions.last {
            switch last {
            case .send(let attempt): actions.append(delivery.ended(outcome(attempt)))
            case .wait: actions.append(delivery.waited())
            case .delivered, .failed: return actions
            }
        }
        return actions
    }

    private func answer(_ status: Int) -> TelegramDelivery.Outcome { .answered(status: status, body: []) }

    @Test(arguments: [200, 201, 204])
    func `what is taken is delivered`(status: Int) {
        #expect(course { _ in answer(status) } == [.send(attempt: 1), .delivered])
    }

    @Test(arguments: [429, 500, 502, 503])
    func `what may pass is tried three times, 100 and 200 milliseconds apart`(status: Int) {
        #expect(
            course { _ in answer(status) } == [
                .send(attempt: 1), .wait(milliseconds: 100), .send(attempt: 2), .wait(milliseconds: 200),
                .send(attempt: 3), .failed(reason: "Telegram answered \(status): no reason was given"),
            ])
        #expect(
            course { answer($0 < 3 ? status : 200) } == [
                .send(attempt: 1), .wait(milliseconds: 100), .send(attempt: 2), .wait(milliseconds: 200),
                .send(attempt: 3), .delivered,
            ])
    }

    @Test(arguments: [400, 401, 403, 404, 302])
    func `what will not pass is not tried again`(status: Int) {
        #expect(
            course { _ in answer(status) } == [
                .send(attempt: 1), .failed(reason: "Telegram answered \(status): no reason was given"),
            ])
    }

    @Test func `a network that fails may come back`() {
        let actions = course { $0 == 1 ? .unreachable(reason: "connection refused") : answer(200) }
        #expect(actions == [.send(attempt: 1), .wait(milliseconds: 100), .send(attempt: 2), .delivered])
        #expect(
            course { _ in .unreachable(reason: "x") }.last == .failed(reason: "Telegram cannot be reached: x"))
    }

    @Test(arguments: [
        ("hello", 2, true), ("[telegram-retry:0]", 2, true), ("a [telegram-retry:1] b", 4, true),
        ("[telegram-retry:2]", 6, true), ("[telegram-retry:3]", 6, false), ("[telegram-retry:x]", 2, true),
        ("[telegram-outage]", 6, false), ("[telegram-permanent]", 2, false),
    ])
    func `without a network the text says what happens`(text: String, steps: Int, arrives: Bool) {
        let actions = course { MockTelegram.outcome(of: text, attempt: $0) }
        #expect(actions.count == steps)
        #expect((actions.last == .delivered) == arrives)
    }
}

@Suite("Asking for updates")
struct TelegramPollingTests {
    private let bot = TelegramBot(apiBaseURL: "http://127.0.0.1:1", token: "12:secret")

    private func answer(_ json: String) -> [UInt8] { Array(json.utf8) }

    @Test func `the first request names no update, and the next ones what is still to come`() {
        var polling = TelegramPolling(by: bot)
        #expect(polling.request.method == "GET")
        #expect(polling.request.url == "http://127.0.0.1:1/bot12:secret/getUpdates?timeout=15")
        let first = polling.answered(
            status: 200,
            body: answer(
                #"{"ok": true, "result": [{"update_id": 5, "message": {"message_id": 1, "text": "a", "chat": {"id": 1}}}, {"update_id": 6, "poll": {}}]}"#
            ))
        #expect(first.updates.map(\.id) == [5, 6])
        #expect(first.pause == 0)
        #expect(first.failure == nil)
        #expect(polling.request.url == "http://127.0.0.1:1/bot12:secret/getUpdates?offset=7&timeout=15")
        #expect(polling.answered(status: 200, body: answer(#"{"ok": true, "result": []}"#)).updates.isEmpty)
        #expect(polling.offset == 7)
    }

    @Test func `an update that comes again is not handed out again, and one that is broken does not come for ever`() {
        var polling = TelegramPolling(by: bot)
        _ = polling.answered(status: 200, body: answer(#"{"ok": true, "result": [{"update_id": 5}]}"#))
        let next = polling.answered(
            status: 200,
            body: answer(
                #"{"ok": true, "result": [{"update_id": 5}, {"x": 1}, {"update_id": 6, "message": 1}, {"update_id": 7}]}"#
            ))
        #expect(next.updates.map(\.id) == [7])
        #expect(polling.offset == 8)
    }

    @Test func `after a failure there is a pause, and nothing is lost`() {
        var polling = TelegramPolling(by: bot)
        _ = polling.answered(status: 200, body: answer(#"{"ok": true, "result": [{"update_id": 5}]}"#))
        for body in ["", "[]", #"{"ok": false}"#, #"{"ok": true}"#, #"{"ok": true, "result": 1}"#] {
            let failed = polling.answered(status: 200, body: answer(body))
            #expect(failed.pause == 2000)
            #expect(failed.failure != nil)
        }
        #expect(
            polling.answered(status: 409, body: answer(#"{"description": "Conflict"}"#)).failure
                == "Telegram answered 409: Conflict")
        #expect(polling.unreachable(reason: "bot 12:secret").failure == "Telegram cannot be reached: bot ***")
        #expect(polling.unreachable(reason: "x").pause == 2000)
        #expect(polling.offset == 6)
    }
}

@Suite("What Telegram posts")
struct TelegramWebhookTests {
    @Test(
        arguments: [
            ("s3cret", "s3cret", true), ("s3creT", "s3cret", false), ("s3cre", "s3cret", false),
            ("s3crets3cret", "s3cret", false), ("", "s3cret", false), (nil, "s3cret", false), (nil, nil, true),
            ("x", nil, true), ("", "", false),
        ] as [(String?, String?, Bool)])
    func `only who knows the secret is let in`(given: String?, secret: String?, isAccepted: Bool) {
        #expect(TelegramWebhook.accepts(given, secret: secret) == isAccepted)
    }

    @Test func `the answer says whether it was passed over`() {
        #expect(TelegramWebhook.answer(session: nil) == ["ok": true, "ignored": true, "session_id": .null])
        #expect(TelegramWebhook.answer(session: "s") == ["ok": true, "ignored": false, "session_id": "s"])
    }

    @Test func `the status of channels has the fields of the contract`() {
        let off = ChannelStatus(
            isEnabled: false, polls: false, apiBaseURL: "https://api.telegram.org", hasWebhookSecret: false,
            connector: .disabled)
        #expect(off.json["enabled_channels"] == [])
        let on = ChannelStatus(
            isEnabled: true, polls: true, apiBaseURL: "mock://", hasWebhookSecret: true, connector: .failing,
            failure: "x")
        #expect(
            on.json == [
                "enabled_channels": ["telegram"],
                "connectors": [["channel": "telegram", "status": "failing", "detail": ["last_error": "x"]]],
                "telegram": [
                    "enabled": true, "polling": true, "api_base_url": "mock://", "webhook_secret_configured": true,
                ],
            ])
    }
}
