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

/// Unpredictable bits for ids, asked of the kernel a page at a time.
@Loop
public final class RandomBits {
    public static let shared = RandomBits()
    private var words: [UInt64] = []

    public func next() -> UInt64 {
        if words.isEmpty {
            words = [UInt64](unsafeUninitializedCapacity: 512) { buffer, count in
                drover_random(buffer.baseAddress, 4096)
                count = 512
            }
        }
        return words.removeLast()
    }
}

/// Sixteen unpredictable bytes, for an id.
public func randomID() -> [UInt8] {
    randomPool.withLock { $0.take(16) }
}

private let randomPool = Mutex(RandomPool())

/// Random bytes of the kernel, asked for in one call for many ids. Each is given out once.
private struct RandomPool {
    private var bytes: [UInt8] = []

    mutating func take(_ count: Int) -> [UInt8] {
        if bytes.count < count {
            bytes = [UInt8](unsafeUninitializedCapacity: 1024) { buffer, filled in
                drover_random(buffer.baseAddress, 1024)
                filled = 1024
            }
        }
        let taken = Array(bytes.suffix(count))
        bytes.removeLast(count)
        return taken
    }
}
