import Bytes

/// Why something asked of the daemon did not come about.
public enum ClientError: Error, Equatable, Sendable {
    /// Nobody listens at that address.
    case daemonNotRunning(url: String)
    /// The address cannot be one.
    case invalidURL(String)
    case timedOut(doing: String)
    /// The daemon was there and went away.
    case connectionLost
    /// The daemon answered, and its answer was no.
    case refused(Refusal)
    /// What answered does not speak as Drover does.
    case notDrover(detail: String)
}

/// A refusal in the control plane's envelope: what the daemon said, in its own words.
public struct Refusal: Equatable, Sendable {
    /// The HTTP status; 0 for a refusal that came over Socket.IO.
    public var status: Int
    public var code: String
    public var message: String
    public var details: JSON?

    public init(status: Int, code: String, message: String, details: JSON? = nil) {
        self.status = status
        self.code = code
        self.message = message
        self.details = details
    }

    /// Reads `{"error":{"code","message","details?"}}`, or `{"code","message"}` as the chat surface writes it.
    public init?(status: Int, json: JSON) {
        let error = json["error"]?.object.map { JSON.object($0) } ?? json
        guard let message = error["message"]?.string else { return nil }
        self.init(
            status: status, code: error["code"]?.string ?? json["code"]?.string ?? "HTTP_\(status)", message: message,
            details: error["details"])
    }
}
