/// What the request that opened a session said, without the transport's own query parameters.
public final class EngineHandshake {
    public let query: [EngineRequest.Pair]
    public let headers: [EngineRequest.Pair]
    public let remoteAddress: String
    public let isSecure: Bool
    public let issued: Instant

    init(_ request: EngineRequest, keeping kept: Set<String>, at now: Instant) {
        query = request.query.filter { !Self.ownParameters.contains($0.name) }
        headers = request.headers.filter { kept.contains($0.name) }
        remoteAddress = request.remoteAddress
        isSecure = request.isSecure
        issued = now
    }

    private static let ownParameters = ["EIO", "transport", "sid", "t", "b64", "j"]

    public func query(_ name: String) -> String? { query.first { $0.name == name }?.value }
    public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}
