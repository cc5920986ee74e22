import Bytes
import Client

/// Types into a session over HTTP, as much at a time as the daemon takes.
enum SessionInput {
    /// One order carries at most so much; the daemon takes 100 KiB, and JSON may make six bytes of one.
    private static let pieceLimit = 12 << 10
    /// Full-screen programs take text and Enter that come together for a paste, and do not run it.
    static let breath = Duration.milliseconds(60)

    /// Types a text. What a person would end lines with is Enter.
    static func type(_ text: String, _ session: String, _ client: DaemonClient) throws(ClientError) {
        for piece in pieces(text) { try press(piece, session, client) }
    }

    static func enter(_ session: String, _ client: DaemonClient) throws(ClientError) {
        try press("\r", session, client)
    }

    /// Sends bytes as they are.
    static func press(_ data: String, _ session: String, _ client: DaemonClient) throws(ClientError) {
        try client.order("input", session: session, body: ["data": .string(data)])
    }

    /// Pieces that end between two characters.
    private static func pieces(_ text: String) -> [String] {
        var pieces: [String] = []
        var piece = ""
        for character in text {
            piece.append(character == "\n" || character == "\r\n" ? "\r" : character)
            if piece.utf8.count >= pieceLimit {
                pieces.append(piece)
                piece = ""
            }
        }
        return piece.isEmpty ? pieces : pieces + [piece]
    }
}
