import Bytes
import Client

/// What was typed and has not reached the program yet.
///
/// One piece is under way at a time, so that order is kept and fast typing travels together. A piece that the daemon
/// has no room for at the moment is sent again.
struct AttachInput {
    private var carry = UTF8Carry()
    private var queue = ""
    private var underWay: (id: Int, text: String)?
    private var notBefore = ContinuousClock.now

    /// The contract's limit is 64 KiB.
    private static let pieceLimit = 32 << 10
    private static let pause = Duration.milliseconds(200)

    /// Whether something is left to be sent later.
    var isWaiting: Bool { underWay == nil && !queue.isEmpty }

    mutating func typed(_ bytes: [UInt8]) {
        queue += carry.feed(bytes)
    }

    mutating func send(over socket: SocketIOClient, to session: String) throws(ClientError) {
        guard underWay == nil, !queue.isEmpty, ContinuousClock.now >= notBefore else { return }
        let piece = queue.scalarPrefix(bytes: Self.pieceLimit)
        queue.unicodeScalars.removeFirst(piece.unicodeScalars.count)
        let payload: JSON = ["sessionId": .string(session), "data": .string(piece), "mode": "raw"]
        guard let id = try socket.emit("terminal_input", payload, acknowledged: true) else { return }
        underWay = (id, piece)
    }

    /// Takes an acknowledgement; true when the program did not get what was typed.
    mutating func acknowledged(_ id: Int, _ reply: JSON) -> Bool {
        guard let sent = underWay, sent.id == id else { return false }
        underWay = nil
        guard reply["ok"]?.bool == false else { return false }
        if reply["error"]?["code"]?.string == "E_RATE_LIMIT" {
            queue = sent.text + queue
            notBefore = .now + Self.pause
            return false
        }
        return true
    }

    /// Nobody knows whether the piece under way arrived; typing it twice would be worse than not at all.
    mutating func connectionLost() {
        underWay = nil
    }
}

extension String {
    /// As many whole scalars from the beginning as fit into that many bytes of UTF-8.
    fileprivate func scalarPrefix(bytes limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var used = 0
        var prefix = UnicodeScalarView()
        for scalar in unicodeScalars {
            used += UTF8.width(scalar)
            if used > limit { break }
            prefix.append(scalar)
        }
        return String(prefix)
    }
}
