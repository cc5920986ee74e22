import Bytes

/// Writes the events of a turn as server-sent events, byte for byte as chat-runtime §2.2 says.
///
/// On the wire every line break is LF: a CR may be the end of one delta and its LF the beginning of the next, so the
/// encoder remembers. A plain value.
struct TurnEventEncoder {
    static let keepAlive = Array(": keepalive\n\n".utf8)

    /// Whether the last delta ended with a CR, which was written as LF.
    private var followsCR = false

    /// Appends an event. A delta of which nothing is left, the LF of a CR before, is no event.
    mutating func append(_ event: TurnEvent, to output: inout [UInt8]) {
        guard case .delta(let text) = event else {
            followsCR = false
            output.append(literal: "event: ")
            output.append(literal: event.name)
            output.append(literal: "\ndata: ")
            // Compact JSON has no line breaks of its own.
            JSONWriter.append(event.json, to: &output)
            output.append(literal: "\n\n")
            return
        }
        var bytes = Array(text.utf8)[...]
        if followsCR, bytes.first == 10 { bytes.removeFirst() }
        guard !bytes.isEmpty else {
            followsCR = false
            return
        }
        followsCR = bytes.last == 13
        output.append(literal: "event: delta\ndata: ")
        var previous: UInt8 = 0
        for byte in bytes {
            switch byte {
            case 10 where previous == 13: break
            case 10, 13: output.append(literal: "\ndata: ")
            default: output.append(byte)
            }
            previous = byte
        }
        output.append(literal: "\n\n")
    }
}
