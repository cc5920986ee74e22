import Models
import Reactor
import Settings
import Upstream

/// Asks the providers that there are: over the network, or the one that needs none (chat-runtime §5.3 to §5.7).
@Loop
public final class UpstreamGateway: ModelGateway {
    /// Made when it is first needed: a daemon that never chats has no use for it.
    lazy var client = UpstreamClient()

    public init() {}

    public func call(
        _ request: ModelRequest, settings: ChatSettings, receiver: any ModelReceiver
    ) -> any ModelCall {
        let provider: any ModelProvider
        let key = settings.apiKey ?? ""
        switch settings.provider {
        case .mock: return MockCall(request, receiver)
        case .openai: provider = OpenAIProvider(baseURL: settings.baseURL, apiKey: key)
        case .anthropic: provider = AnthropicProvider(baseURL: settings.baseURL, apiKey: key)
        case .gemini: provider = GeminiProvider(baseURL: settings.baseURL, apiKey: key)
        }
        let patience = settings.timeoutSeconds * 1000
        return UpstreamModelCall(
            provider, request, timeouts: UpstreamTimeouts(firstByte: patience, idle: patience), client, receiver)
    }
}

/// An answer that is known at once. It is told in parts, so that a long one is sent while it is told.
@Loop
private final class MockCall: ModelCall {
    private static let partSize = 256

    private weak var receiver: (any ModelReceiver)?
    private var rest: ArraySlice<ModelEvent>

    init(_ request: ModelRequest, _ receiver: any ModelReceiver) {
        self.receiver = receiver
        rest = MockModel.answer(request)[...]
        goOn()
    }

    func cancel() { rest = [] }

    private func goOn() {
        Loop.post { [self] in
            guard !rest.isEmpty, let receiver else { return }
            let part = rest.prefix(Self.partSize)
            rest = rest.dropFirst(Self.partSize)
            if !rest.isEmpty { goOn() }
            receiver.modelSaid(Array(part))
        }
    }
}

/// A call of a provider over the network.
@Loop
private final class UpstreamModelCall: ModelCall, UpstreamReceiver {
    /// Milliseconds that a connection has to end after the answer has, so that it can be used again.
    private static let lingerTime: Int64 = 2_000

    private let provider: any ModelProvider
    private var decoder: any ModelStreamDecoder
    private weak var receiver: (any ModelReceiver)?
    private var call: UpstreamCall?
    private var status = 0
    private var retryAfter: Int64?
    /// What a provider says that refuses.
    private var refusal: [UInt8] = []
    /// Whether the receiver has heard the last of it.
    private var isOver = false

    init(
        _ provider: any ModelProvider, _ request: ModelRequest, timeouts: UpstreamTimeouts, _ client: UpstreamClient,
        _ receiver: any ModelReceiver
    ) {
        self.provider = provider
        self.receiver = receiver
        decoder = provider.makeDecoder(after: request.messages)
        call = client.send(provider.request(request), timeouts: timeouts, receiver: self)
    }

    func cancel() {
        isOver = true
        call?.cancel()
        call = nil
    }

    // MARK: - UpstreamReceiver

    func received(status: Int, headers: [(name: String, value: String)]) {
        self.status = status
        retryAfter = RetryAfter.milliseconds(headers)
    }

    func received(bytes: [UInt8]) {
        guard !isOver else { return }
        guard isAccepted else {
            refusal += bytes.prefix(ProviderText.bodyLimit - refusal.count)
            if refusal.count >= ProviderText.bodyLimit { refuse() }
            return
        }
        var events: [ModelEvent] = []
        do throws(ModelStreamError) {
            events = try decoder.feed(bytes)
            // The answer may be complete before its connection ends.
            if decoder.isFinished {
                events += try decoder.finish()
                linger()
            }
            tell(events)
        } catch {
            tell(events, thenFail: error)
        }
    }

    func ended(_ result: Result<Void, UpstreamFailure>) {
        call = nil
        guard !isOver else { return }
        switch result {
        case .failure(let failure):
            if status != 0, !isAccepted { return refuse() }
            // What it has sent before it broke off may still say more than that it did.
            if case .unreachable = failure { return fail(.init("\(failure)", isTransient: true)) }
            let isConnecting = if case .timedOut(let phase) = failure { phase.hasPrefix("connecting") } else { false }
            fail(.init("\(failure)", isTransient: isConnecting))
        case .success where !isAccepted: refuse()
        case .success:
            var events: [ModelEvent] = []
            do throws(ModelStreamError) {
                events = try decoder.finish()
                // What came before a failure is given first.
                if !events.isEmpty { events += try decoder.finish() }
                isOver = true
                tell(events)
            } catch {
                tell(events, thenFail: error)
            }
        }
    }

    // MARK: -

    private var isAccepted: Bool { (200..<300).contains(status) }

    private func tell(_ events: [ModelEvent]) { if !events.isEmpty { receiver?.modelSaid(events) } }

    private func tell(_ events: [ModelEvent], thenFail failure: ModelStreamError) {
        tell(events)
        // Whoever heard them may have ended the call.
        if !isOver { fail(TurnMachine.ModelFailure("\(failure)")) }
    }

    private func refuse() {
        let isTransient = status == 429 || status >= 500
        fail(
            TurnMachine.ModelFailure(
                provider.failure(status: status, body: refusal), isTransient: isTransient,
                retryAfter: isTransient ? retryAfter : nil))
    }

    private func fail(_ failure: TurnMachine.ModelFailure) {
        cancel()
        receiver?.modelFailed(failure)
    }

    /// Lets the connection come to its end by itself, for the next call, but not for long.
    private func linger() {
        isOver = true
        _ = LoopTimer(after: Self.lingerTime) { [call] in call?.cancel() }
    }
}

/// How long a provider asks to be left alone (RFC 9110 §10.2.3).
enum RetryAfter {
    /// - Parameter headers: Names in lower case. Dates are not understood: they need a clock that both agree on.
    static func milliseconds(_ headers: [(name: String, value: String)]) -> Int64? {
        // What some providers send for less than a second.
        if let text = headers.first(where: { $0.name == "retry-after-ms" })?.value, let number = Double(text) {
            return clamped(number)
        }
        guard let text = headers.first(where: { $0.name == "retry-after" })?.value, let number = Double(text) else {
            return nil
        }
        return clamped(number * 1000)
    }

    private static func clamped(_ milliseconds: Double) -> Int64? {
        guard milliseconds.isFinite else { return nil }
        return Int64(min(max(0, milliseconds), 1e12))
    }
}
