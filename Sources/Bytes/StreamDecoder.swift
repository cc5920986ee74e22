/// Takes bytes as they come and gives frames: bounded, and linear however slowly the bytes arrive.
public protocol StreamDecoder<Frame> {
    associatedtype Frame
    associatedtype Failure: Error

    /// Takes bytes received from the peer.
    mutating func feed(_ bytes: UnsafeRawBufferPointer)

    /// Returns the next complete frame, or `nil` when more bytes are needed.
    mutating func next() throws(Failure) -> Frame?

    /// Reports that the peer has finished, which is a failure in the middle of a frame.
    mutating func finish() throws(Failure)
}

extension StreamDecoder {
    public mutating func feed(_ bytes: some Collection<UInt8>) {
        if bytes.withContiguousStorageIfAvailable({ feed(UnsafeRawBufferPointer($0)) }) == nil {
            Array(bytes).withUnsafeBytes { feed($0) }
        }
    }
}
