/// A vendor's way of being asked and of answering (chat-runtime §5.3 to §5.6): a codec, which knows no socket.
public protocol ModelProvider: Sendable {
    /// What must not be shown to anybody.
    var apiKey: String { get }

    /// - Parameters:
    ///   - baseURL: An absolute http or https URL; slashes at its end do not matter.
    ///   - apiKey: Sent in the vendor's header, and taken out of everything that is shown. Empty: no such header.
    init(baseURL: String, apiKey: String)

    /// The request as bytes to send. What the vendor would refuse about the messages is mended: calls without an answer
    /// get one, answers without a call are left out, ids that stand twice are renamed.
    func request(_ request: ModelRequest) -> UpstreamRequest

    /// Reads the answer to one request, of which only a body with a status of 2xx is fed to it.
    ///
    /// - Parameter messages: Those of the request: where the vendor gives calls no ids, the ids that are made for them
    ///   go on where the turn's earlier calls ended (§5.6).
    func makeDecoder(after messages: [ChatMessage]) -> any ModelStreamDecoder
}

extension ModelProvider {
    /// A decoder that knows nothing of what was before.
    public func makeDecoder() -> any ModelStreamDecoder { makeDecoder(after: []) }

    /// What to say of an answer that is not 2xx: its status and the text of its body, without credentials, in at most
    /// 2 KiB of UTF-8 (§2.5).
    ///
    /// - Parameter body: Its beginning is enough: ``ProviderText/bodyLimit`` bytes are looked at.
    public func failure(status: Int, body: [UInt8]) -> String {
        ProviderText(apiKey: apiKey).failure(status: status, body: body)
    }

    /// The base without slashes at its end.
    static func trimmed(_ baseURL: String) -> String {
        var base = Substring(baseURL)
        while base.utf8.last == UInt8(ascii: "/") { base.removeLast() }
        return String(base)
    }
}

/// Reads one answer of a model from bytes in whatever pieces: the same events however they are cut.
///
/// The events are in the order that ``ModelEvent`` tells. A failure is thrown once all events before it were returned,
/// so where one piece holds both, it is the next call that throws.
public protocol ModelStreamDecoder: Sendable {
    /// Whether nothing that may still arrive can matter: the answer is complete, or has failed. The connection may be
    /// let go then; ``finish()`` says which of the two it was.
    var isFinished: Bool { get }

    /// Takes the next bytes of the body.
    mutating func feed(_ bytes: [UInt8]) throws(ModelStreamError) -> [ModelEvent]

    /// Reports the end of the body, which is a failure where the model has not said that it is done.
    mutating func finish() throws(ModelStreamError) -> [ModelEvent]
}
