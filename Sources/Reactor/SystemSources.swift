import CSystem
import Glibc
import Synchronization

/// The calendar's clock.
public enum SystemClock {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    public static var milliseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}

/// Unpredictable bits for ids, asked of the kernel a page at a time. Any thread may ask.
public enum RandomBits {
    private static let words = Mutex<[UInt64]>([])

    public static func next() -> UInt64 {
        words.withLock { words in
            if words.isEmpty {
                words = [UInt64](unsafeUninitializedCapacity: 512) { buffer, count in
                    drover_random(buffer.baseAddress, 4096)
                    count = 512
                }
            }
            return words.removeLast()
        }
    }
}

/// Sixteen unpredictable bytes, for an id.
public func randomID() -> [UInt8] {
    [RandomBits.next(), RandomBits.next()].flatMap { word in withUnsafeBytes(of: word) { Array($0) } }
}
