import Models

/// What a web server answered.
public struct WebAnswer: Equatable, Sendable {
    public var status: Int
    public var body: [UInt8]

    public init(status: Int, body: [UInt8]) {
        self.status = status
        self.body = body
    }
}

/// Why a web server did not answer, in words for the model.
public struct WebFailure: Error, Equatable, Sendable {
    public var reason: String

    public init(reason: String) { self.reason = reason }
}

/// Sends a request and waits for the whole answer, on the calling thread. Whoever provides it sets the time-outs and bounds
/// the answer (2 MiB are plenty).
public typealias WebFetch = @Sendable (UpstreamRequest) -> Result<WebAnswer, WebFailure>
