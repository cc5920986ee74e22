import Bytes
import Testing

/// What a decoder made of a stream: its frames, and how it failed if it did.
struct Decoded<Frame: Equatable, Failure: Error & Equatable>: Equatable {
    var frames: [Frame] = []
    var failure: Failure?
}

/// Feeds the pieces and takes all there is after each.
func decode<Decoder: StreamDecoder>(
    _ pieces: [ArraySlice<UInt8>], with decoder: Decoder
) -> Decoded<Decoder.Frame, Decoder.Failure> {
    var decoder = decoder
    var result = Decoded<Decoder.Frame, Decoder.Failure>()
    do throws(Decoder.Failure) {
        for piece in pieces {
            decoder.feed(piece)
            while let frame = try decoder.next() { result.frames.append(frame) }
        }
        try decoder.finish()
    } catch {
        result.failure = error
    }
    return result
}

/// Decodes a stream whole, byte by byte, and cut in two at every place, and expects the same of each.
func decodeEveryWay<Decoder: StreamDecoder>(
    _ bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation, _ make: () -> Decoder
) -> Decoded<Decoder.Frame, Decoder.Failure> {
    let whole = decode([bytes[...]], with: make())
    #expect(decode(bytes.indices.map { bytes[$0...$0] }, with: make()) == whole, sourceLocation: sourceLocation)
    for cut in bytes.indices {
        #expect(
            decode([bytes[..<cut], bytes[cut...]], with: make()) == whole, "cut at \(cut)",
            sourceLocation: sourceLocation)
    }
    return whole
}
