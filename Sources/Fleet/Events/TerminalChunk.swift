import Bytes

/// `TERMINAL_CHUNK`: output of a session's terminal. Never journaled; the recording has the bytes.
///
/// `offset`, `bytes` and `lost` are ours, beyond the contract (docs/protocols/fleet-api.md).
public struct TerminalChunk: Equatable, Sendable {
    public enum Stream: String, CaseIterable, Sendable {
        case stdout, stderr
    }

    /// The program's bytes read as UTF-8, escape codes intact, U+FFFD for what is not UTF-8.
    public var data: String
    /// A terminal merges both streams into `stdout`.
    public var stream: Stream
    /// Where its first byte stands in the recorded output.
    public var offset: Int?
    /// How many recorded bytes it stands for.
    public var bytes: Int?
    /// How many of them were left out: `data` says so instead of showing them.
    public var lost: Int?

    public init(data: String, stream: Stream = .stdout, offset: Int? = nil, bytes: Int? = nil, lost: Int? = nil) {
        self.data = data
        self.stream = stream
        self.offset = offset
        self.bytes = bytes
        self.lost = lost
    }

    /// Appends `"data":…,"stream":…` and our own members, without braces.
    package func appendMembers(to output: inout [UInt8]) {
        output.append(literal: "\"data\":")
        JSONWriter.append(data, to: &output)
        output.append(literal: stream == .stdout ? ",\"stream\":\"stdout\"" : ",\"stream\":\"stderr\"")
        appendPosition(to: &output)
    }

    /// Appends `,"offset":…,"bytes":…,"lost":…`, each only if it is there.
    package func appendPosition(to output: inout [UInt8]) {
        if let offset {
            output.append(literal: ",\"offset\":")
            JSONWriter.append(offset, to: &output)
        }
        if let bytes {
            output.append(literal: ",\"bytes\":")
            JSONWriter.append(bytes, to: &output)
        }
        if let lost {
            output.append(literal: ",\"lost\":")
            JSONWriter.append(lost, to: &output)
        }
    }
}

extension TerminalChunk: JSONShape {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            data: try fields.string("data"), stream: try fields.choice("stream"),
            offset: try fields.optionalInteger("offset", atLeast: 0),
            bytes: try fields.optionalInteger("bytes", atLeast: 0),
            lost: try fields.optionalInteger("lost", atLeast: 0))
    }

    public var json: JSON {
        .omittingNil([
            "data": .string(data), "stream": .string(stream.rawValue), "offset": .optional(offset),
            "bytes": .optional(bytes), "lost": .optional(lost),
        ])
    }
}
