import Glibc

/// The lines of a descriptor, one after the other, as they come.
struct InputLines {
    private let descriptor: Int32
    private let limit: Int
    private var buffer: [UInt8] = []
    private var isOver = false

    enum Line: Equatable {
        case line([UInt8])
        /// It had more bytes than the limit and was passed over.
        case tooLong
    }

    init(_ descriptor: Int32, limit: Int) {
        self.descriptor = descriptor
        self.limit = limit
    }

    /// Waits for the next line that is not blank; `nil` at the end. A last line need not have a line feed.
    mutating func next() -> Line? {
        var searched = 0
        var isTooLong = false
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                let line = Array(buffer[..<end])
                buffer.removeSubrange(...end)
                searched = 0
                if isTooLong || line.count > limit { return .tooLong }
                if line.contains(where: { $0 > 0x20 }) { return .line(line) }
                continue
            }
            if buffer.count > limit {
                isTooLong = true
                buffer.removeAll(keepingCapacity: true)
            }
            searched = buffer.count
            guard !isOver else {
                defer { buffer = [] }
                if isTooLong { return .tooLong }
                return buffer.contains { $0 > 0x20 } ? .line(buffer) : nil
            }
            fill()
        }
    }

    private mutating func fill() {
        let count = withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { bytes in
            let count = read(descriptor, bytes.baseAddress, bytes.count)
            if count > 0 { buffer.append(contentsOf: bytes[..<count]) }
            return count
        }
        if count == 0 || (count < 0 && errno != EINTR) { isOver = true }
    }
}
