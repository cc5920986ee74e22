import Bytes

/// What a vendor's stream means, message by message. How it is cut into messages, and when a failure is told, is
/// ``AnswerDecoder``'s.
protocol AnswerReader: Sendable {
    /// Whether the stream has said that it is over.
    var isComplete: Bool { get }

    /// Takes one message, and appends the deltas that it holds.
    mutating func read(_ message: ServerSentMessage, into events: inout [ModelEvent]) throws(ModelStreamError)

    /// Appends calls, usage and end, once nothing more comes: the stream said so, or its bytes ended.
    mutating func conclude(into events: inout [ModelEvent]) throws(ModelStreamError)
}

/// The decoder of every vendor whose answers are event streams.
struct AnswerDecoder<Reader: AnswerReader>: ModelStreamDecoder {
    private var stream = ServerSentEventReader()
    private var reader: Reader
    private var failure: ModelStreamError?
    private var isConcluded = false

    init(_ reader: Reader) { self.reader = reader }

    var isFinished: Bool { isConcluded || failure != nil }

    mutating func feed(_ bytes: [UInt8]) throws(ModelStreamError) -> [ModelEvent] {
        if let failure { throw failure }
        if isConcluded { return [] }
        var events: [ModelEvent] = []
        do throws(ModelStreamError) {
            stream.feed(bytes)
            try readAll(into: &events)
        } catch {
            failure = error
            if events.isEmpty { throw error }
        }
        return events
    }

    mutating func finish() throws(ModelStreamError) -> [ModelEvent] {
        if let failure { throw failure }
        if isConcluded { return [] }
        var events: [ModelEvent] = []
        do throws(ModelStreamError) {
            try readRest(into: &events)
            if !isConcluded {
                try reader.conclude(into: &events)
                isConcluded = true
            }
        } catch {
            failure = error
            if events.isEmpty { throw error }
        }
        return events
    }

    private mutating func readAll(into events: inout [ModelEvent]) throws(ModelStreamError) {
        while let message = try stream.next() {
            try reader.read(message, into: &events)
            guard reader.isComplete else { continue }
            try reader.conclude(into: &events)
            isConcluded = true
            return
        }
    }

    /// Reads the message that the end of the bytes may have left without its empty line. One that was cut in the middle
    /// is no message, and then the stream has ended where the last whole one did.
    private mutating func readRest(into events: inout [ModelEvent]) throws(ModelStreamError) {
        try stream.finish()
        do throws(ModelStreamError) {
            try readAll(into: &events)
        } catch .malformed {
            return
        }
    }
}

extension ServerSentMessage {
    /// The data as a JSON object.
    func object() throws(ModelStreamError) -> JSON {
        do throws(JSONError) {
            let value = try JSON(parsing: data)
            if case .object = value { return value }
        } catch {
            throw .malformed(reason: error.description)
        }
        throw .malformed(reason: "an event is not a JSON object")
    }
}
