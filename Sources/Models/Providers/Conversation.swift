import Bytes

/// A request's messages as every vendor accepts them.
///
/// A turn that broke off, a session that went from one provider to another, a budget that cut: what is kept need not be
/// what a vendor takes, and one such message would make every later request of the session fail. So calls that nothing
/// answers get an answer that says so, answers that nothing asked for are left out, answers stand in the order of their
/// calls, and an id that stands twice is replaced.
struct Conversation: Equatable {
    /// Which ids of calls a vendor takes.
    enum CallIDs {
        case any
        /// ASCII letters, digits, `_` and `-`: 1 to 64 of them.
        case words
    }

    static let missingAnswer = "There is no result: the turn ended before this tool was done."

    /// The texts of all system messages.
    private(set) var system: String?
    /// Without those of role `system`. Whatever follows an assistant's calls are exactly their answers.
    private(set) var messages: [ChatMessage] = []

    private let ids: CallIDs
    private let toolNames: Set<String>
    private var usedIDs: Set<String> = []
    private var lastMintedID = 0

    init(_ request: ModelRequest, ids: CallIDs = .any) {
        self.ids = ids
        toolNames = Set(request.tools.map(\.name))
        let told = request.messages.filter { $0.role == .system }.map(\.content)
        let system = ([request.system ?? ""] + told).filter { !$0.isBlank }
        self.system = system.isEmpty ? nil : system.joined(separator: "\n\n")
        messages.reserveCapacity(request.messages.count)
        // An id is only replaced by one that nothing else has.
        for message in request.messages {
            for call in message.toolCalls where fits(call.id) { usedIDs.insert(call.id) }
        }
        var given: Set<String> = []
        var index = 0
        while index < request.messages.count {
            let message = request.messages[index]
            index += 1
            switch message.role {
            case .system, .tool: continue
            case .user: messages.append(message)
            case .assistant:
                let first = index
                while index < request.messages.count, request.messages[index].role == .tool { index += 1 }
                append(message, answers: request.messages[first..<index], given: &given)
            }
        }
    }

    private mutating func append(
        _ message: ChatMessage, answers: ArraySlice<ChatMessage>, given: inout Set<String>
    ) {
        var message = message
        var left = Array(answers)
        var sorted: [ChatMessage] = []
        for index in message.toolCalls.indices {
            let call = message.toolCalls[index]
            let place = left.firstIndex { $0.toolCallID == call.id }
            var answer =
                place.map { left.remove(at: $0) }
                ?? ChatMessage(role: .tool, content: Self.missingAnswer, isError: true)
            let isFree = fits(call.id) && given.insert(call.id).inserted
            message.toolCalls[index].id = isFree ? call.id : mintID()
            message.toolCalls[index].name = sendable(call.name)
            answer.toolCallID = message.toolCalls[index].id
            answer.name = message.toolCalls[index].name
            sorted.append(answer)
        }
        messages.append(message)
        messages.append(contentsOf: sorted)
    }

    private func fits(_ id: String) -> Bool {
        switch ids {
        case .any: return !id.isEmpty
        case .words: return (1...64).contains(id.utf8.count) && id.utf8.allSatisfy(\.isWordByte)
        }
    }

    private mutating func mintID() -> String {
        while true {
            lastMintedID += 1
            let id = "call_\(lastMintedID)"
            if usedIDs.insert(id).inserted { return id }
        }
    }

    /// A name that a model made up may be one that no vendor takes back.
    private func sendable(_ name: String) -> String {
        if toolNames.contains(name) { return name }
        let bytes = name.utf8.prefix(64).map { $0.isWordByte ? $0 : UInt8(ascii: "_") }
        return bytes.isEmpty ? "unknown" : String(decoding: bytes, as: UTF8.self)
    }
}

extension Conversation {
    /// One side's say, with the say of the same side that follows at once.
    struct Side {
        var isModel: Bool
        var messages: [ChatMessage]
    }

    /// The messages for vendors who want user and model to alternate, the user first: answers of tools are the user's.
    /// Messages without text or calls are left out, since those vendors refuse them.
    var sides: [Side] {
        var sides: [Side] = []
        for message in messages {
            let isModel = message.role == .assistant
            if message.role != .tool, message.toolCalls.isEmpty, message.content.isBlank { continue }
            if sides.isEmpty, isModel {
                sides.append(Side(isModel: false, messages: [ChatMessage(role: .user, content: "(Go on.)")]))
            }
            if sides.last?.isModel == isModel {
                sides[sides.count - 1].messages.append(message)
            } else {
                sides.append(Side(isModel: isModel, messages: [message]))
            }
        }
        return sides
    }
}

extension UInt8 {
    /// Whether it is an ASCII letter, a digit, `_` or `-`.
    var isWordByte: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): return true
        default: return false
        }
    }
}
