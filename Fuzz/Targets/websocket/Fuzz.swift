import Bytes
import Promise

/// Whatever arrives, messages or a `WebSocketError`, the same however it is cut, and what came out goes in again.
@main enum Fuzz {
    static func main() {
        Fuzzer.run(check)
    }

    static func check(_ input: inout Input) {
        let choices = input.choice()
        let seed = input.choice()
        let bytes = input.material()
        let decoder = WebSocketDecoder(role: choices & 1 == 0 ? .server : .client, maxMessageSize: 4096)
        let whole = decode([bytes[...]], decoder)
        promise(decode(cut(bytes, seed: seed), decoder) == whole, "it depends on how the bytes are cut")
        promise(decode(cut(bytes, seed: 0), decoder) == whole, "it depends on how the bytes are cut")
        promise(whole.messages.reduce(0) { $0 + size($1) } <= bytes.count, "more came out than went in")
        promise(whole.messages.allSatisfy { size($0) <= 4096 }, "a message is larger than allowed")
        let again = decode(
            [whole.messages.flatMap { encode($0, mask: choices & 1 == 0 ? 0x0102_0304 : nil) }[...]], decoder)
        promise(again.messages == whole.messages && again.failure == nil, "what came out does not go in again")
    }
}

private struct Decoded: Equatable {
    var messages: [WebSocketMessage] = []
    var failure: WebSocketError?
}

private func decode(_ pieces: [ArraySlice<UInt8>], _ decoder: WebSocketDecoder) -> Decoded {
    var decoder = decoder
    var decoded = Decoded()
    do throws(WebSocketError) {
        for piece in pieces {
            decoder.feed(piece)
            while let message = try decoder.next() { decoded.messages.append(message) }
        }
        try decoder.finish()
    } catch {
        decoded.failure = error
    }
    return decoded
}

private func size(_ message: WebSocketMessage) -> Int {
    switch message {
    case .text(let bytes), .binary(let bytes), .ping(let bytes), .pong(let bytes), .close(_, let bytes):
        return bytes.count
    }
}

private func encode(_ message: WebSocketMessage, mask: UInt32?) -> [UInt8] {
    var output: [UInt8] = []
    switch message {
    case .text(let bytes): WebSocketEncoder.append(.text, bytes, mask: mask, to: &output)
    case .binary(let bytes): WebSocketEncoder.append(.binary, bytes, mask: mask, to: &output)
    case .ping(let bytes): WebSocketEncoder.append(.ping, bytes, mask: mask, to: &output)
    case .pong(let bytes): WebSocketEncoder.append(.pong, bytes, mask: mask, to: &output)
    case .close(let code, let reason):
        WebSocketEncoder.appendClose(
            code: code, reason: String(decoding: reason, as: UTF8.self), mask: mask, to: &output)
    }
    return output
}
