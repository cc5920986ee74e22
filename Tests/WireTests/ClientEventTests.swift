import Bytes
import Fleet
import Testing
import Wire

@Suite struct ClientEventTests {
    @Test(arguments: [
        ("join_village", #"{"villageId":"demo"}"#, ClientEvent.join(.village("demo")), "village:demo"),
        ("join_agent", #"{"agentId":"a"}"#, .join(.agent("a")), "agent:a"),
        ("join_repo", #"{"repoId":"12"}"#, .join(.repo("12")), "repo:12"),
        ("join_session", #"{"sessionId":"s"}"#, .join(.session("s")), "session:s"),
        ("join_fleet", "{}", .join(.fleet), "fleet"),
    ])
    func `joins a room`(name: String, payload: String, expected: ClientEvent, room: String) throws {
        let event = try ClientEvent(name: name, payload: JSON(parsing: payload))
        #expect(event == expected)
        guard case .join(let target) = event else { return }
        #expect(target.room == room)
        let leave = name.replacing("join", with: "leave")
        #expect(try ClientEvent(name: leave, payload: JSON(parsing: payload)) == .leave(target))
    }

    @Test(arguments: [
        ("join_village", "{}", "villageId required"), ("join_village", #"{"villageId":""}"#, "villageId required"),
        ("join_agent", #"{"agentId":7}"#, "agentId required"), ("join_repo", "[]", "repoId required"),
        ("join_session", "null", "sessionId required"), ("leave_agent", "{}", "agentId required"),
        ("terminal_input", #"{"sessionId":"s"}"#, "data required"),
        ("terminal_input", #"{"sessionId":"s","data":"x","mode":"odd"}"#, "mode must be raw or line"),
        ("terminal_resize", #"{"sessionId":"s","cols":1,"rows":5}"#, "cols must be from 2 to 500"),
        ("terminal_resize", #"{"sessionId":"s","cols":80}"#, "rows must be from 1 to 300"),
        ("auth_refresh", "{}", "token required"),
    ])
    func `says what is missing`(name: String, payload: String, message: String) throws {
        let json = try JSON(parsing: payload)
        let error = #expect(throws: SocketError.self) { try ClientEvent(name: name, payload: json) }
        #expect(
            error?.json == ["ok": false, "error": ["code": "E_BAD_PAYLOAD", "message": .string(message)]])
    }

    @Test func `input is bytes, and a line ends`() throws {
        #expect(
            try ClientEvent(name: "terminal_input", payload: ["sessionId": "s", "data": "y\r"])
                == .terminalInput("s", bytes: Array("y\r".utf8)))
        #expect(
            try ClientEvent(name: "terminal_input", payload: ["sessionId": "s", "data": "é", "mode": "line"])
                == .terminalInput("s", bytes: Array("é\n".utf8)))
        let large: JSON = ["sessionId": "s", "data": .string(String(repeating: "é", count: 32_769))]
        #expect(throws: SocketError.self) { try ClientEvent(name: "terminal_input", payload: large) }
    }

    @Test func `what nobody handles is passed over`() throws {
        #expect(try ClientEvent(name: "work_stream_event", payload: nil) == .ignored("work_stream_event"))
        #expect(try ClientEvent(name: "join_club", payload: nil) == .ignored("join_club"))
        #expect(try ClientEvent(name: "ping", payload: nil) == .ping)
    }

    @Test func `whatever a client sends, it is understood or refused`() {
        var random = Seeded(5)
        let names = ["join_village", "terminal_input", "terminal_resize", "auth_refresh", "leave_session"]
        let values: [JSON] = [nil, true, 1, -1, 2.5, "s", "", [], ["a": 1], "line", 80]
        for _ in 0..<5000 {
            var payload = JSONObject()
            for key in ["villageId", "sessionId", "data", "mode", "cols", "rows", "token"] {
                payload[key] = values.randomElement(using: &random)
            }
            let name = names.randomElement(using: &random) ?? ""
            do { _ = try ClientEvent(name: name, payload: .object(payload)) } catch {
                #expect(error.code == .badPayload)
            }
        }
    }

    @Test func `the twenty-first join in five seconds is one too many`() {
        var window = FixedWindow.joins
        let start = MonotonicTime(milliseconds: 1000)
        for _ in 0..<20 { #expect(window.admits(at: start + .milliseconds(4999)) == true) }
        #expect(window.admits(at: start + .milliseconds(5000)) == false)
        #expect(window.admits(at: start + .milliseconds(9999)) == false)
        #expect(window.admits(at: start + .milliseconds(10_000)) == true)
        #expect(window.admits(at: start + .milliseconds(10_000)) == true)
    }

    @Test func `a hundred events in ten seconds are enough`() {
        var window = FixedWindow.inbound
        let start = MonotonicTime(milliseconds: 0)
        for index in 0..<100 { #expect(window.admits(at: start + .milliseconds(index)) == true) }
        #expect(window.admits(at: start + .seconds(10)) == false)
        #expect(window.admits(at: start + .milliseconds(10_001)) == true)
    }
}
