import Bytes
import Glibc
import HTTP
import Reactor
import SocketIO

/// A small server of the Socket.IO library: it echoes, for conformance tests and as an example.
@main
struct ProtocolEcho {
    static func main() {
        Loop.run { start() }
    }

    @Loop private static func start() {
        var options = EngineOptions()
        var port: UInt16 = 3000
        var isEngineOnly = false
        var arguments = CommandLine.arguments.dropFirst()
        func number() -> Int {
            guard let number = arguments.popFirst().flatMap({ Int($0) }) else { usage() }
            return number
        }
        while let argument = arguments.popFirst() {
            switch argument {
            case "--port": port = UInt16(clamping: number())
            case "--engine": isEngineOnly = true
            case "--ping-interval": options.pingInterval = .milliseconds(number())
            case "--ping-timeout": options.pingTimeout = .milliseconds(number())
            case "--max-payload": options.maxPayload = number()
            default: usage()
            }
        }
        options.allowsOrigin = { _ in true }
        serve(options, port: port, engineOnly: isEngineOnly)
    }

    private static func usage() -> Never {
        print(
            "usage: protocol-echo [--port N] [--engine] [--ping-interval MS] [--ping-timeout MS] [--max-payload BYTES]")
        exit(2)
    }

    @Loop private static func serve(_ options: EngineOptions, port: UInt16, engineOnly: Bool) {
        let router = Router()
        let engine: EngineServer
        if engineOnly {
            engine = EngineServer(options: options) { RandomBits.next() }
            engine.application = EngineEcho()
        } else {
            let server = SocketServer(engine: options) { RandomBits.next() }
            for name in ["/", "/custom"] { echo(on: server.of(name)) }
            engine = server.engine
        }
        EngineEndpoint(engine).mount(on: router, at: engineOnly ? "/engine.io/" : "/socket.io/")
        let http = HTTPServer(router: router)
        do {
            let port = try http.listen(host: "127.0.0.1", port: port)
            announce(["port": .integer(Int(port))])
        } catch {
            announce(["error": .string("\(error)")])
            exit(1)
        }
        // The server lives as long as the program.
        _ = Unmanaged.passRetained(http)
    }

    private static func echo(on namespace: Namespace) {
        namespace.onConnection = { socket in socket.emit("auth", SocketArguments(socket.auth)) }
        namespace.on("message") { event in event.socket.emit("message-back", event.arguments) }
        namespace.on("message-with-ack") { event in event.acknowledge?(event.arguments) }
    }
}

/// Engine.IO without Socket.IO: every message comes back.
private final class EngineEcho: EngineApplication {
    func opened(_ session: EngineSession) {}
    func received(text: ArraySlice<UInt8>, on session: EngineSession) { session.send(text: Array(text)) }
    func received(binary: [UInt8], on session: EngineSession) { session.send(binary: binary) }
    func closed(_ session: EngineSession, reason: CloseReason) {}
}

/// Tells whoever started the program, in one line of JSON.
func announce(_ value: JSON) {
    let line = value.encoded() + [10]
    _ = line.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
}
