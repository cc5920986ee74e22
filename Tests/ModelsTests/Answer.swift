import Bytes
import Testing

@testable import Models

/// What was read of a stream: its events, and how it failed if it did.
struct Answer: Equatable {
    var events: [ModelEvent] = []
    var failure: ModelStreamError?

    init(_ events: [ModelEvent] = [], failure: ModelStreamError? = nil) {
        self.events = events
        self.failure = failure
    }

    var text: String {
        events.reduce(into: "") { text, event in
            if case .delta(let delta) = event { text += delta }
        }
    }

    var calls: [ToolCall] {
        for case .toolCalls(let calls) in events { return calls }
        return []
    }

    var usage: TokenUsage? {
        for case .usage(let usage) in events { return usage }
        return nil
    }

    var reason: FinishReason? {
        if case .finished(let reason)? = events.last { return reason }
        return nil
    }
}

/// Feeds the pieces as the daemon does: until the decoder needs no more, then its end.
func read(_ pieces: [ArraySlice<UInt8>], with decoder: any ModelStreamDecoder) -> Answer {
    var decoder = decoder
    var answer = Answer()
    do throws(ModelStreamError) {
        for piece in pieces {
            answer.events += try decoder.feed(Array(piece))
            if decoder.isFinished { break }
        }
        let last = try decoder.finish()
        answer.events += last
        // What came before a failure is given first, and the failure to who asks again.
        if !last.isEmpty { answer.events += try decoder.finish() }
    } catch {
        answer.failure = error
    }
    return answer
}

/// Reads a stream whole, byte by byte, cut in two at every place and cut at random, and expects the same of each.
func readEveryWay(
    _ stream: String, _ provider: any ModelProvider, after messages: [ChatMessage] = [],
    sourceLocation: SourceLocation = #_sourceLocation
) -> Answer {
    let bytes = Array(stream.utf8)
    func make() -> any ModelStreamDecoder { provider.makeDecoder(after: messages) }
    let whole = read([bytes[...]], with: make())
    #expect(read(bytes.indices.map { bytes[$0...$0] }, with: make()) == whole, sourceLocation: sourceLocation)
    for cut in bytes.indices {
        let answer = read([bytes[..<cut], bytes[cut...]], with: make())
        #expect(answer == whole, "cut at \(cut)", sourceLocation: sourceLocation)
    }
    var random = SeededGenerator(seed: UInt64(bytes.count))
    for _ in 0..<50 {
        let cuts = ([0, bytes.count] + (0..<8).map { _ in Int.random(in: 0...bytes.count, using: &random) }).sorted()
        let pieces = zip(cuts, cuts.dropFirst()).map { bytes[$0..<$1] }
        #expect(read(pieces, with: make()) == whole, "cut at \(cuts)", sourceLocation: sourceLocation)
    }
    return whole
}

/// The same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}

/// One message per line, as `data:` lines with an empty line after each.
func dataStream(_ payloads: [String], end: String = "\n") -> String {
    payloads.map { "data: \($0)\(end)\(end)" }.joined()
}

/// Messages with their name, as `event` and `data`.
func namedStream(_ payloads: [(String, String)]) -> String {
    payloads.map { "event: \($0)\ndata: \($1)\n\n" }.joined()
}

extension UpstreamRequest {
    var json: JSON { get throws { try JSON(parsing: body) } }

    func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

func json(_ text: String) throws -> JSON { try JSON(parsing: text) }
