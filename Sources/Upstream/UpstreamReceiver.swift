import Reactor

/// Who is told of an answer as it comes: its head once, its body in pieces, its end once.
///
/// It is never called before ``UpstreamClient/send(_:timeouts:receiver:)`` has returned, and never after
/// ``UpstreamCall/cancel()``. It may cancel the call and send others. A call holds its receiver until it is over.
@Loop public protocol UpstreamReceiver: AnyObject {
    /// The answer has begun. Names of headers are in lower case; interim answers (1xx) are passed over, redirections are
    /// not followed.
    func received(status: Int, headers: [(name: String, value: String)])
    /// The next bytes of the body; never none.
    func received(bytes: [UInt8])
    /// The call is over. A failure may come before, in and after the body.
    func ended(_ result: Result<Void, UpstreamFailure>)
}
