import Bytes
import Testing

/// Feeds a stream whole, byte by byte and cut in two at every place, and expects the same frames each time.
func expectFrames<Decoder: StreamDecoder>(
    _ frames: [Decoder.Frame], from stream: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ make: () -> Decoder
) throws where Decoder.Frame: Equatable {
    let bytes = Array(stream.utf8)
    var cuts = [[bytes], bytes.map { [$0] }]
    for place in 0...bytes.count { cuts.append([Array(bytes[..<place]), Array(bytes[place...])]) }
    for pieces in cuts {
        var decoder = make()
        var received: [Decoder.Frame] = []
        for piece in pieces {
            decoder.feed(piece)
            while let frame = try decoder.next() { received.append(frame) }
        }
        try decoder.finish()
        while let frame = try decoder.next() { received.append(frame) }
        #expect(received == frames, sourceLocation: sourceLocation)
    }
}
