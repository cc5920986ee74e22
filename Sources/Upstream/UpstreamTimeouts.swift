/// How long a call waits for what, in milliseconds (chat-runtime §5.3).
public struct UpstreamTimeouts: Equatable, Sendable {
    /// For the name, the connection and TLS together.
    public var connect: Int
    /// From the moment the connection stands until the first byte of the answer.
    public var firstByte: Int
    /// From one byte of the answer to the next.
    public var idle: Int

    public static let standard = UpstreamTimeouts()

    /// - Note: What is not positive counts as 1.
    public init(connect: Int = 10_000, firstByte: Int = 60_000, idle: Int = 60_000) {
        self.connect = max(1, connect)
        self.firstByte = max(1, firstByte)
        self.idle = max(1, idle)
    }
}
