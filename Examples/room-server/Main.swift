import Bytes
import Glibc
import HTTP
import Reactor
import SocketIO

/// A small server of the Socket.IO library with rooms, HTTP and server-sent events: an example, and what measurements run on.
@main
struct RoomServer {
    struct Options: Sendable {
        var port: UInt16 = 3000
        var isPlainWebSocket = false
        var token: String?
        var recovers = false
    }

    static func main() {
        var options = Options()
        var arguments = CommandLine.arguments.dropFirst()
        func value() -> String {
            guard let value = arguments.popFirst() else { usage() }
            return value
        }
        while let argument = arguments.popFirst() {
            switch argument {
            case "--port": options.port = UInt16(value()) ?? 0
            case "--ws": options.isPlainWebSocket = true
            case "--token": options.token = value()
            case "--recovery": options.recovers = true
            default: usage()
            }
        }
        let chosen = options
        ProcessLimits.raiseFileLimit()
        Loop.run { serve(chosen) }
    }

    private static func usage() -> Never {
        print("usage: room-server [--port N] [--ws] [--token T] [--recovery]")
        exit(2)
    }

    @Loop private static func serve(_ options: Options) {
        let router = Router()
        let rooms = options.isPlainWebSocket ? mountPlain(on: router) : mountSocketIO(on: router, options)
        router.on(.get, "/health") { $0.respond(.json(["ok": true])) }
        router.on(.post, "/publish") { exchange in
            guard let body = try? JSON(parsing: exchange.request.body), let room = body["room"]?.string,
                let event = body["event"]?.string
            else {
                exchange.respond(.json(["ok": false, "error": "room and event are needed"], status: 400))
                return
            }
            rooms.publish(body["data"] ?? nil, as: event, to: room)
            exchange.respond(.json(["ok": true]))
        }
        router.on(.get, "/events") { exchange in
            rooms.follow(exchange.request.queryValue("room") ?? "r", EventStream(exchange))
        }
        let http = HTTPServer(router: router)
        do {
            let port = try http.listen(host: "127.0.0.1", port: options.port)
            announce(["port": .integer(Int(port))])
        } catch {
            announce(["error": .string("\(error)")])
            exit(1)
        }
        // The server lives as long as the program.
        _ = Unmanaged.passRetained(http)
    }

    @Loop private static func mountSocketIO(on router: Router, _ options: Options) -> Rooms {
        var settings = SocketOptions()
        if options.recovers { settings.recovery = RecoveryOptions() }
        var engine = EngineOptions()
        engine.allowsOrigin = { _ in true }
        let server = SocketServer(settings, engine: engine) { RandomBits.next() }
        let root = server.root
        if let token = options.token {
            root.use { socket, next in
                next(socket.auth["token"]?.string == token ? nil : ConnectRefusal(message: "unauthorized"))
            }
        }
        let rooms = Rooms { event, data, room in root.to(room).emit(event, SocketArguments(data)) }
        root.on("join") { event in
            if let room = event.arguments[0]?.string { event.socket.join(room) }
            event.acknowledge?()
        }
        root.on("leave") { event in
            if let room = event.arguments[0]?.string { event.socket.leave(room) }
            event.acknowledge?()
        }
        root.on("echo") { event in event.acknowledge?(event.arguments) }
        root.on("publish") { event in
            root.to("r").emit("ev", event.arguments)
            rooms.tell(event.arguments[0] ?? nil, as: "ev", in: "r")
            event.acknowledge?()
        }
        EngineEndpoint(server.engine).mount(on: router, at: "/socket.io/")
        return rooms
    }

    @Loop private static func mountPlain(on router: Router) -> Rooms {
        let members = PlainRooms()
        router.on(.get, "/ws") { exchange in
            guard let socket = exchange.acceptWebSocket(maxMessageSize: 1 << 20) else { return }
            socket.delegate = PlainClient(rooms: members)
        }
        return Rooms { event, data, room in members.publish(data, as: event, to: room) }
    }
}

/// Publishes to a room, and to those who follow it over server-sent events.
@Loop
final class Rooms {
    private let emit: @Loop (_ event: String, _ data: JSON, _ room: String) -> Void
    private var followers: [String: [EventStream]] = [:]

    init(emit: @escaping @Loop (_ event: String, _ data: JSON, _ room: String) -> Void) { self.emit = emit }

    func publish(_ data: JSON, as event: String, to room: String) {
        emit(event, data, room)
        tell(data, as: event, in: room)
    }

    func tell(_ data: JSON, as event: String, in room: String) {
        guard let streams = followers[room] else { return }
        let bytes = data.encoded()
        for stream in streams { stream.send(event: event, data: bytes) }
    }

    func follow(_ room: String, _ stream: EventStream) {
        followers[room, default: []].append(stream)
        stream.onClosed = { [weak self, weak stream] in self?.followers[room]?.removeAll { $0 === stream } }
    }
}

/// Announces a line of JSON to whoever started the program.
func announce(_ value: JSON) {
    let line = value.encoded() + [10]
    _ = line.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
}
