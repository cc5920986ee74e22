/// Bounds and time-outs of a server. Sizes are bytes, times milliseconds.
public struct HTTPServerOptions: Sendable {
    /// From the first byte of a request to the end of its headers.
    public var headerTimeout: Int64 = 15_000
    /// Between two pieces of a body.
    public var bodyTimeout: Int64 = 30_000
    /// Between two requests.
    public var idleTimeout: Int64 = 75_000
    /// How long a peer may take no byte of what we have for it.
    public var writeTimeout: Int64 = 60_000
    /// Of all header fields of one request, with the request line.
    public var maxHeaderSize = 32 * 1024
    /// Of a body, unless the route says otherwise.
    public var maxBodySize = 100 * 1024
    /// Pipelined bytes kept while a request is being answered; beyond it the connection is not read.
    public var maxPipelined = 64 * 1024
    /// Of answers that the peer has not taken; beyond it the connection is not read.
    public var maxUnsent = 1 << 20
    public var maxConnections = 20_000
    /// Written into every response, after what the response says itself.
    public var commonHeaders: [(name: String, value: String)] = []

    public init() {}
}
