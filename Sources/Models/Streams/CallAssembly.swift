import Bytes

/// The calls of one answer, put together from the fragments that a stream gives of them (chat-runtime §5.3).
struct CallAssembly: Sendable {
    /// Bytes of arguments of all calls together.
    static let argumentsLimit = 16 << 20
    /// Calls in one answer; the vendors allow fewer.
    static let callLimit = 128

    private struct Fragments: Sendable {
        var id = ""
        var name = ""
        var arguments: [UInt8] = []
    }

    private let argumentsLimit: Int
    private var fragments: [Int: Fragments] = [:]
    private var argumentBytes = 0

    init(argumentsLimit: Int = CallAssembly.argumentsLimit) { self.argumentsLimit = argumentsLimit }

    /// Whether a call has begun at that place.
    func has(_ index: Int) -> Bool { fragments[index] != nil }

    /// Takes what a fragment says of the call at that place. Ids and names replace what was said before unless they are
    /// empty, arguments go on.
    mutating func take(at index: Int, id: String?, name: String?, arguments: String?) throws(ModelStreamError) {
        if fragments[index] == nil, fragments.count == Self.callLimit { throw .tooManyCalls(limit: Self.callLimit) }
        if let id, !id.isEmpty { fragments[index, default: Fragments()].id = id }
        if let name, !name.isEmpty { fragments[index, default: Fragments()].name = name }
        let arguments = arguments ?? ""
        argumentBytes += arguments.utf8.count
        guard argumentBytes <= argumentsLimit else { throw .argumentsTooLarge(limit: argumentsLimit) }
        fragments[index, default: Fragments()].arguments.append(contentsOf: arguments.utf8)
    }

    /// The calls in the order of their places.
    func calls() -> [ToolCall] {
        fragments.sorted { $0.key < $1.key }.map { index, call in
            ToolCall(
                id: call.id.isEmpty ? "tool_call_\(index)" : call.id, name: call.name.isEmpty ? "unknown" : call.name,
                arguments: Self.arguments(call.arguments))
        }
    }

    /// No text at all means no arguments, and what is no JSON is kept as it was written.
    static func arguments(_ text: [UInt8]) -> JSON {
        if text.allSatisfy({ $0 == 0x20 || (0x09...0x0D).contains($0) }) { return [:] }
        if let value = try? JSON(parsing: text) { return value }
        return ["raw": .string(String(decoding: text, as: UTF8.self))]
    }
}

/// What a stream has said of an answer's end, and what follows from it.
struct AnswerEnd: Sendable {
    /// Nothing was said yet where it is nil.
    var reason: FinishReason?
    var usage: TokenUsage?

    /// Appends calls, usage and end in that order.
    ///
    /// A model that called tools waits for them, whatever its server calls that; one that announced calls and made none
    /// has stopped.
    func conclude(_ calls: [ToolCall], into events: inout [ModelEvent]) throws(ModelStreamError) {
        guard var reason else { throw .endedEarly }
        if !calls.isEmpty { events.append(.toolCalls(calls)) }
        if let usage { events.append(.usage(usage)) }
        switch reason {
        case .stop where !calls.isEmpty: reason = .toolCalls
        case .toolCalls where calls.isEmpty: reason = .stop
        case .stop, .toolCalls, .length, .contentFilter: break
        }
        events.append(.finished(reason))
    }
}

extension JSON {
    /// A count of tokens, where this is one.
    var tokens: UInt32? {
        guard case .integer(let value) = self else { return nil }
        return UInt32(exactly: value)
    }
}
