import Bytes
import Promise
import SocketIO

/// Whatever messages arrive, packets or a `SocketPacketError`, every argument is JSON and every placeholder has bytes.
@main enum Fuzz {
    static func main() {
        Fuzzer.run(check)
    }

    static func check(_ input: inout Input) {
        var decoder = SocketPacketDecoder()
        // FE, which no text has, stands between messages, and FF before one of bytes.
        for message in input.material().split(whereSeparator: { $0 == 0xFE }) {
            do throws(SocketPacketError) {
                if message.first == 0xFF {
                    inspect(try decoder.received(binary: Array(message.dropFirst()), limit: 1000))
                } else if (try? UTF8Span(validating: message.span)) != nil {
                    // The connection has seen to it that text is UTF-8.
                    inspect(try decoder.received(message))
                }
            } catch {
                return
            }
        }
    }
}

private func inspect(_ packet: SocketPacket?) {
    switch packet {
    case .event(let namespace, let name, let arguments, _):
        promise(namespace.hasPrefix("/"), "a namespace begins with a slash")
        promise(name != "connect" && name != "disconnect", "a reserved name came through")
        inspect(arguments)
    case .ack(let namespace, let arguments, _):
        promise(namespace.hasPrefix("/"), "a namespace begins with a slash")
        inspect(arguments)
    case .connect(_, let auth):
        promise(auth.isEmpty || (try? JSON(parsing: auth))?.object != nil, "what authenticates is an object")
    case .disconnect, .connectError, nil: break
    }
}

private func inspect(_ arguments: SocketArguments) {
    for index in 0..<arguments.count {
        promise(arguments[index] != nil, "an argument is not JSON")
        _ = arguments.binary(index)
    }
    let list = Array("[".utf8) + arguments.text + Array("]".utf8)
    promise((try? JSON(parsing: list))?.array?.count == arguments.count, "the text is not that of the arguments")
}
