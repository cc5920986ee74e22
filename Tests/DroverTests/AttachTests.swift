import Bytes
import Client
import Glibc
import Synchronization
import Testing

@testable import drover

/// `drover attach` at a real terminal, with a daemon whose program repeats what is typed, in capitals.
@Suite(.serialized) struct AttachTests {
    private final class Program: Sendable {
        let output = Mutex(Array("\u{1B}[?2004hready> ".utf8))
        let sizes = Mutex<[String]>([])
        let ending = Mutex<JSON?>(nil)

        var session: JSON { ending.withLock { $0 } ?? Sample.session("abcd1234", name: "web", state: "RUNNING") }

        /// The program writes; the news of it.
        func writes(_ text: String) -> SocketIOPacket {
            let offset = output.withLock { output in
                defer { output += Array(text.utf8) }
                return output.count
            }
            let news: JSON = [
                "sessionId": "abcd1234", "data": .string(text), "offset": .integer(offset),
                "bytes": .integer(text.utf8.count),
            ]
            return .event(name: "terminal_output", arguments: [news], ackID: nil)
        }

        func ends(_ more: JSONObject) -> SocketIOPacket {
            ending.withLock { $0 = Sample.session("abcd1234", name: "web", state: "FAILED", more) }
            let news: JSON = ["sessionId": "abcd1234", "type": "session_end"]
            return .event(name: "work_stream_event", arguments: [news], ackID: nil)
        }

        func hears(_ packet: SocketIOPacket) -> [SocketIOPacket] {
            guard case .event(let name, let arguments, let id) = packet else { return [] }
            let ok = id.map { [SocketIOPacket.ack(id: $0, arguments: [["ok": true]])] } ?? []
            switch name {
            case "terminal_resize":
                let size = "\(arguments[0]["cols"]?.integer ?? 0) x \(arguments[0]["rows"]?.integer ?? 0)"
                sizes.withLock { $0.append(size) }
                return ok
            case "terminal_input":
                let typed = arguments[0]["data"]?.string ?? ""
                return ok + [typed.contains("\u{04}") ? ends(["exitCode": 7]) : writes(typed.uppercased())]
            default: return ok
            }
        }
    }

    private func daemon(_ program: Program) -> FakeDaemon {
        FakeDaemon { request in
            guard request.line.contains("/output?") else { return .json(program.session) }
            let from = Int(request.line.split(separator: "=")[1].prefix { $0 != "&" })!
            let output = program.output.withLock { $0 }
            let start = from < 0 ? max(0, output.count + from) : from
            let text = String(decoding: output[min(start, output.count)...], as: UTF8.self)
            return .bytes(text, from: start, end: output.count)
        } sockets: {
            program.hears($0)
        }
    }

    private func seat(_ daemon: FakeDaemon, _ words: String...) -> Seat? {
        Seat(["attach"] + words, environment: ["DROVER_URL": daemon.url, "LANG": "C.UTF-8", "HOME": "/nonexistent"])
    }

    @Test func `keys go there, output comes here, and the detach key leaves`() {
        let program = Program()
        let daemon = daemon(program)
        defer { daemon.stop() }
        guard let seat = seat(daemon, "web") else { return }
        #expect(seat.shows("[web: detach with Ctrl-\\ Ctrl-\\]"))
        #expect(seat.shows("ready> "))
        #expect(!seat.echoes)
        seat.type(Array("hé".utf8))
        #expect(seat.shows("HÉ"))
        seat.type([0x1C, 0x1C])
        #expect(seat.leaves() == 0)
        #expect(seat.shows("[detached; web goes on: drover attach web]"))
        #expect(seat.shows("\u{1B}[?2004l"), "what the program switched on is switched off")
        #expect(seat.echoes)
        #expect(program.sizes.withLock { $0 } == ["90 x 20"])
    }

    @Test func `a key of one's own, and half of it, reach whom they are meant for`() {
        let program = Program()
        let daemon = daemon(program)
        defer { daemon.stop() }
        guard let seat = seat(daemon, "--detach-key", "C-p C-q", "web") else { return }
        #expect(seat.shows("ready> "))
        seat.type([0x1C] + Array("x".utf8))
        #expect(seat.shows("\u{1C}X"))
        seat.type([0x10])
        #expect(seat.shows("X\u{10}"), "a key that nothing follows is the program's")
        seat.type([0x10, 0x11])
        #expect(seat.leaves() == 0)
    }

    @Test func `the end of the program is the end, with its exit code when asked`() {
        for (words, code) in [(["web"], Int32(0)), (["--exit-code", "web"], 7)] {
            let program = Program()
            let daemon = daemon(program)
            defer { daemon.stop() }
            guard let seat = Seat(["attach"] + words, environment: ["DROVER_URL": daemon.url]) else { return }
            #expect(seat.shows("ready> "))
            seat.type([0x04])
            #expect(seat.leaves() == code)
            #expect(seat.shows("[web ended with exit code 7]"))
            #expect(seat.echoes)
        }
    }

    @Test func `a changed size is passed on`() {
        let program = Program()
        let daemon = daemon(program)
        defer { daemon.stop() }
        guard let seat = seat(daemon, "web") else { return }
        #expect(seat.shows("ready> "))
        seat.resize(columns: 40, rows: 10)
        seat.type(Array("x".utf8))
        #expect(seat.shows("X"))
        seat.type([0x1C, 0x1C])
        #expect(seat.leaves() == 0)
        #expect(program.sizes.withLock { $0.last } == "40 x 10")
    }

    @Test func `the terminal is put right when the viewer is ended from outside`() {
        let program = Program()
        let daemon = daemon(program)
        defer { daemon.stop() }
        guard let seat = seat(daemon, "web") else { return }
        #expect(seat.shows("ready> "))
        #expect(!seat.echoes)
        seat.signal(SIGTERM)
        #expect(seat.leaves() == 128 + SIGTERM)
        #expect(seat.echoes)
    }

    @Test func `one who only looks types nothing`() {
        let program = Program()
        let daemon = daemon(program)
        defer { daemon.stop() }
        guard let seat = seat(daemon, "--read-only", "web") else { return }
        #expect(seat.shows("typing is off]"))
        #expect(seat.shows("ready> "))
        seat.type(Array("x".utf8))
        WallClock.sleep(.milliseconds(100))
        seat.type([0x1C, 0x1C])
        #expect(seat.leaves() == 0)
        #expect(program.output.withLock { $0.count } == 15)
        #expect(program.sizes.withLock { $0.isEmpty }, "nor does it change the size")
    }
}
