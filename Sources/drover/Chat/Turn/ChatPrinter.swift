import Bytes
import RuntimeClient

/// Shows the events of a turn: live for people, text alone for pipes, lines of JSON for programs.
final class ChatPrinter {
    enum Style: Equatable {
        /// With tool calls, in colours.
        case terminal
        /// What the model says, and nothing else.
        case plain
        case json
    }

    private let console: Console
    private let style: Style
    private(set) var isAtLineStart = true
    private var hasSaid = false
    /// A tool was called since the model last said something.
    private var isBehindTools = false

    init(_ style: Style, on console: Console) {
        self.style = style
        self.console = console
    }

    func show(_ event: ChatEvent) {
        if style == .json { return showJSON(event) }
        switch event {
        case .session, .done, .error: break
        case .delta(let text): say(text)
        case .toolCall(let report):
            isBehindTools = true
            if style == .terminal { tell(report) }
        }
    }

    /// Ends the line, and says how the turn ended to whoever reads JSON.
    func finish(_ turn: ChatTurn, at baseURL: String) {
        endLine()
        guard style == .json else { return }
        switch turn.ending {
        case .done(let report)?:
            var object = report.json.object ?? [:]
            object.members.insert(.init(key: "event", value: "done"), at: 0)
            object["assistant_message"] = .string(turn.answer)
            object["tool_error_count"] = .integer(turn.toolErrors)
            console.printLine(.object(object))
        case .refused(let report)?: printError(report.code ?? "internal_error", report.message)
        case .failed(let error)?:
            printError(error.isCancellation ? "cancelled" : error.code.rawValue, error.message)
        case nil: printError("UNKNOWN", "the answer has no end")
        }
    }

    func printError(_ code: String, _ message: String) {
        console.printLine(["event": "error", "code": .string(code), "message": .string(message)])
    }

    // MARK: - People

    private func say(_ text: String) {
        guard !text.isEmpty else { return }
        // What is said after a tool is another message.
        if isBehindTools, hasSaid { endLine() }
        isBehindTools = false
        hasSaid = true
        isAtLineStart = text.utf8.last == UInt8(ascii: "\n")
        console.write(Array(modelText(text, isUTF8: console.isUTF8).utf8))
    }

    private func endLine() {
        guard !isAtLineStart else { return }
        isAtLineStart = true
        console.write([UInt8(ascii: "\n")])
    }

    /// One dim line a call, with its output folded.
    private func tell(_ report: ChatEvent.ToolCallReport) {
        endLine()
        let sign = console.isUTF8 ? (report.isError ? "✗" : "▸") : (report.isError ? "x" : ">")
        let arguments = report.arguments.object?.isEmpty == true ? "" : " " + harmless(report.arguments.text)
        let outcome = report.isError ? firstLine(report.output) : Self.size(report.output)
        let width = console.width() ?? 100
        let tail = "  " + fitted(outcome, to: max(12, width / 2))
        let head = fitted(
            "\(sign) \(harmless(report.name))\(arguments)", to: max(8, width - displayWidth(tail) - 1))
        console.print(console.styled(head, .dim) + console.styled(tail, report.isError ? .bad : .dim))
    }

    private func firstLine(_ text: String) -> String {
        harmless(String(text.split(whereSeparator: \.isNewline).first ?? "failed"))
    }

    private static func size(_ output: String) -> String {
        guard !output.isEmpty else { return "no output" }
        var lines = output.utf8.reduce(0) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) }
        if output.utf8.last != UInt8(ascii: "\n") { lines += 1 }
        return lines == 1
            ? "1 line, \(byteCount(output.utf8.count))" : "\(lines) lines, \(byteCount(output.utf8.count))"
    }

    // MARK: - Programs

    private func showJSON(_ event: ChatEvent) {
        switch event {
        case .delta(let text): console.printLine(["event": "delta", "chunk": .string(text)])
        case .session(let report): printLine("session", report.json)
        case .toolCall(let report): printLine("tool_call", report.json)
        // With the whole of the turn, once it is over.
        case .done, .error: break
        }
    }

    private func printLine(_ event: String, _ data: JSON) {
        var object = data.object ?? [:]
        object.members.insert(.init(key: "event", value: .string(event)), at: 0)
        console.printLine(.object(object))
    }
}
