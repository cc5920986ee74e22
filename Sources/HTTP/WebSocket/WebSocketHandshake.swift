import Bytes
import COpenSSL

/// Checks a request to open a WebSocket (RFC 6455 §4.2.1).
enum WebSocketHandshake {
    case accepted(key: String)
    case refused(HTTPResponse)

    init(_ request: HTTPRequest) {
        func refuse(_ status: HTTPStatus, _ message: String) -> WebSocketHandshake {
            var response = HTTPResponse.json(
                ["error": ["code": "BAD_REQUEST", "message": .string(message)]], status: status)
            if status == 426 { response.headers.append(("Sec-WebSocket-Version", "13")) }
            return .refused(response)
        }
        guard request.isUpgrade else {
            self = refuse(426, "this address speaks WebSocket: ask for an upgrade")
            return
        }
        guard request.headers["sec-websocket-version"] == "13" else {
            self = refuse(426, "only version 13 of WebSocket is spoken here")
            return
        }
        guard let key = request.headers["sec-websocket-key"], let nonce = try? Base64.decode(key), nonce.count == 16
        else {
            self = refuse(400, "Sec-WebSocket-Key must be 16 bytes in base64")
            return
        }
        self = .accepted(key: Self.accept(key))
    }

    static func accept(_ key: String) -> String {
        let text = Array("\(key)258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)
        var digest = [UInt8](repeating: 0, count: 20)
        SHA1(text, text.count, &digest)
        return Base64.text(of: digest)
    }
}
