import CUV

/// Calls back once, later. Cancelling is free; letting go of a timer does not cancel it.
@Loop
public final class LoopTimer {
    fileprivate var body: (@Loop () -> Void)?

    /// - Parameter milliseconds: From now; zero or less means the next turn.
    public init(after milliseconds: Int64, _ body: @escaping @Loop () -> Void) {
        self.body = body
        TimerQueue.shared.insert(self, deadline: Loop.now + max(0, milliseconds))
    }

    public func cancel() {
        body = nil
    }

    fileprivate func fire() {
        guard let body else { return }
        self.body = nil
        body()
    }
}

/// All timers, in one heap behind one timer of the event library, which is armed only while something waits.
@Loop
private final class TimerQueue {
    static let shared = TimerQueue()

    private struct Entry {
        let deadline: Int64
        let order: UInt64
        let timer: LoopTimer

        static func < (left: Entry, right: Entry) -> Bool {
            (left.deadline, left.order) < (right.deadline, right.order)
        }
    }

    private var heap: [Entry] = []
    private var order: UInt64 = 0
    private let handle: UnsafeMutablePointer<uv_timer_t>
    private var armedFor: Int64?
    private var isFiring = false

    private init() {
        handle = .allocate(capacity: 1)
        uv_timer_init(Loop.executor.uv, handle)
    }

    func insert(_ timer: LoopTimer, deadline: Int64) {
        order += 1
        heap.append(Entry(deadline: deadline, order: order, timer: timer))
        siftUp(heap.count - 1)
        arm()
    }

    private func arm(leastDelay: Int64 = 0) {
        while let first = heap.first, first.timer.body == nil { removeFirst() }
        guard let first = heap.first else {
            if armedFor != nil {
                uv_timer_stop(handle)
                armedFor = nil
            }
            return
        }
        guard !isFiring, armedFor != first.deadline else { return }
        armedFor = first.deadline
        let delay = UInt64(max(leastDelay, first.deadline - Loop.now))
        uv_timer_start(handle, { _ in Loop.assumeIsolated { TimerQueue.shared.fire() } }, delay, 0)
    }

    private func fire() {
        armedFor = nil
        let now = Loop.now
        // Those that are set meanwhile wait for the next turn, so that no timer can keep the loop to itself.
        let last = order
        isFiring = true
        while let first = heap.first, first.deadline <= now, first.order <= last {
            removeFirst()
            first.timer.fire()
        }
        isFiring = false
        // The library would call back again within this turn for a timer that is due already, and sockets would starve.
        arm(leastDelay: 1)
    }

    private func removeFirst() {
        let last = heap.removeLast()
        guard !heap.isEmpty else { return }
        heap[0] = last
        var parent = 0
        while true {
            let left = 2 * parent + 1
            guard left < heap.count else { break }
            let right = left + 1
            let child = right < heap.count && heap[right] < heap[left] ? right : left
            guard heap[child] < heap[parent] else { break }
            heap.swapAt(child, parent)
            parent = child
        }
    }

    private func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child] < heap[parent] else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }
}

extension Loop {
    /// Suspends without a thread; wakes early only by cancellation of nothing: it always sleeps its time.
    @Loop public static func sleep(milliseconds: Int64) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            _ = LoopTimer(after: milliseconds) { continuation.resume() }
        }
    }
}
