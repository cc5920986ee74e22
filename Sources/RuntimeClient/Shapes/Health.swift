import Bytes
import Fleet

/// How a runtime is (§1.8).
public struct Health: Equatable, Sendable {
    /// `ok`
    public var status: String
    /// The server's clock.
    public var now: PreciseTime
    /// Everything the server said.
    public var json: JSON

    /// `nil` for anything else.
    public init?(_ json: JSON) {
        guard let status = json["status"]?.string, let now = json["now"]?.string.flatMap({ PreciseTime(rfc3339: $0) })
        else { return nil }
        self.status = status
        self.now = now
        self.json = json
    }
}
