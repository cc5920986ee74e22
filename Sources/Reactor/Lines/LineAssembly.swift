import Glibc

/// Puts the one line of a connection together from what arrives of it.
struct LineAssembly {
    private var bytes: [UInt8] = []
    private let limit: Int

    /// - Parameter limit: Bytes a line may have.
    init(limit: Int) { self.limit = limit }

    /// Whether nothing has arrived.
    var isEmpty: Bool { bytes.isEmpty }

    /// Takes what has arrived; says what the line is when its end is there or out of reach. What follows it is dropped.
    mutating func take(_ received: UnsafeRawBufferPointer) -> LineInput? {
        guard let start = received.baseAddress else { return nil }
        let end = memchr(start, 10, received.count).map { UnsafeRawPointer($0) - start }
        guard bytes.count + (end ?? received.count) <= limit else { return .tooLong }
        let part = UnsafeRawBufferPointer(rebasing: received[..<(end ?? received.count)])
        // Most lines come whole.
        if bytes.isEmpty { bytes = Array(part) } else { bytes.append(contentsOf: part) }
        return end == nil ? nil : .line(bytes)
    }

    /// The peer will send no more: that ends a line too, if there is one.
    func finish() -> LineInput? { bytes.isEmpty ? nil : .line(bytes) }
}
