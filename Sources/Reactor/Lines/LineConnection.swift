import Glibc

/// A connection that takes longer than one look: its line comes in pieces, its answer later, or its peer reads slowly.
@Loop
final class LineConnection {
    private let descriptor: Int32
    /// Made when there is something to watch for; from then on it owns the descriptor.
    private var watcher: DescriptorWatcher?
    private let server: LineServer
    private var input: LineAssembly
    private var output: ArraySlice<UInt8> = []
    private var timer: LoopTimer?
    private var deadline: Int64 = 0
    private var onReady: (@Loop (DescriptorWatcher.Events) -> Void)?
    private var completion: (@Loop () -> Void)?
    private var hangUp: (@Loop () -> Void)?
    private var hasEnded = false
    private var isClosed = false

    init(_ descriptor: Int32, server: LineServer) {
        self.descriptor = descriptor
        self.server = server
        input = LineAssembly(limit: server.limits.lineBytes)
    }

    private func watch(_ events: DescriptorWatcher.Events) {
        let watcher =
            watcher ?? DescriptorWatcher(descriptor) { [weak self] events in self?.onReady?(events) }
        self.watcher = watcher
        watcher.watch(events)
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        timer?.cancel()
        onReady = nil
        hangUp = nil
        if let watcher { watcher.close() } else { Glibc.close(descriptor) }
        server.forget(self)
        let completion = completion
        self.completion = nil
        completion?()
    }

    // MARK: - The line

    /// Reads the rest of a line that has begun; `whole` when there is none.
    func read(_ begun: LineAssembly, _ whole: LineInput?) {
        input = begun
        if let whole { received(whole) } else { read() }
    }

    func read() {
        onReady = { [unowned self] _ in readSome() }
        watch(.readable)
        deadline = Loop.now + server.limits.readTime
        waitForMore()
    }

    private func waitForMore() {
        timer?.cancel()
        timer = LoopTimer(after: min(server.limits.gapTime, deadline - Loop.now)) { [weak self] in
            guard let self else { return }
            if !input.isEmpty { received(.incomplete) } else { nothingCame(.silence) }
        }
    }

    private func nothingCame(_ what: LineInput) {
        if server.limits.answersEverybody { received(what) } else { close() }
    }

    private func readSome() {
        let buffer = LineBuffer.shared.bytes
        // A few portions, then others have their turn.
        for _ in 0..<16 {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count < 0 {
                if errno == EINTR { continue }
                if errno != EAGAIN { close() }
                return
            }
            if count == 0 {
                hasEnded = true
                // Probes of whether the socket lives look like this.
                if let line = input.finish() { received(line) } else { nothingCame(.nothing) }
                return
            }
            if let line = input.take(UnsafeRawBufferPointer(rebasing: buffer[..<count])) { return received(line) }
            waitForMore()
        }
    }

    private func received(_ input: LineInput) {
        timer?.cancel()
        watcher?.watch([])
        onReady = nil
        self.input = LineAssembly(limit: 0)
        server.handle(input, LineCall(self, server: server))
    }

    // MARK: - Waiting

    func watchForHangUp(_ body: @escaping @Loop () -> Void) {
        guard !isClosed else { return }
        hangUp = body
        if hasEnded {
            // The peer has hung up before it was asked to wait.
            _ = LoopTimer(after: 0) { [weak self] in self?.peerEnded() }
            return
        }
        onReady = { [unowned self] _ in discardSome() }
        watch(.readable)
    }

    private func discardSome() {
        let buffer = LineBuffer.shared.bytes
        let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
        if count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR)) { return }
        peerEnded()
    }

    private func peerEnded() {
        let body = hangUp
        hangUp = nil
        watcher?.watch([])
        body?()
    }

    // MARK: - The answer

    func finish(with line: ArraySlice<UInt8>, then completion: (@Loop () -> Void)?) {
        guard !isClosed else {
            completion?()
            return
        }
        hangUp = nil
        self.completion = completion
        output = line
        onReady = { [unowned self] _ in writeSome() }
        writeSome()
    }

    private func writeSome() {
        while !output.isEmpty {
            let sent = output.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if sent > 0 {
                output = output.dropFirst(sent)
                timer?.cancel()
                timer = nil
            } else if sent < 0, errno == EINTR {
                continue
            } else if sent < 0, errno == EAGAIN {
                watch(.writable)
                if timer == nil { timer = LoopTimer(after: server.limits.writeTime) { [weak self] in self?.close() } }
                return
            } else {
                return close()
            }
        }
        discardRest()
        close()
    }

    /// What is left unread when a socket closes is told the peer as an error.
    private func discardRest() {
        guard !hasEnded else { return }
        let buffer = LineBuffer.shared.bytes
        for _ in 0..<16 {
            guard recv(descriptor, buffer.baseAddress, buffer.count, 0) > 0 else { return }
        }
    }
}

extension LineConnection: @Loop Hashable {
    static func == (left: LineConnection, right: LineConnection) -> Bool { left === right }
    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
