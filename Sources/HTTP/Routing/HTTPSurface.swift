import Reactor

/// A part of a server's addresses that has a contract of its own: who may come in, and how a refusal reads, also where no
/// handler has seen the request.
@Loop
public protocol HTTPSurface: AnyObject {
    /// Whether a path belongs to it, as it was sent.
    func owns(_ path: String) -> Bool
    func mount(on router: Router)
    /// Looks at a request for one of its paths before it is routed. Gives the answer to one that goes no further.
    func screen(_ exchange: HTTPExchange) -> HTTPResponse?
    /// What a request is told that cannot be served; `message` is for a person.
    func refusal(_ status: HTTPStatus, _ message: String) -> HTTPResponse
    /// Sent to a browser that asks first.
    var preflightHeaders: [(name: String, value: String)] { get }
    /// Sent with every answer to a page of a foreign origin that is allowed.
    func crossOriginHeaders(_ origin: String) -> [(name: String, value: String)]
}
