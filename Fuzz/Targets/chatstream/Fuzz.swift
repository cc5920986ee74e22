import Bytes
import Promise
import RuntimeClient

/// Whatever arrives, events or one violation, the same however it is cut, the first being `session` and none after the end.
@main enum Fuzz {
    static func main() {
        Fuzzer.run(check)
    }

    static func check(_ input: inout Input) {
        let seed = input.choice()
        let bytes = input.material()
        let whole = parse([bytes[...]])
        promise(parse(cut(bytes, seed: seed)) == whole, "it depends on how the bytes are cut")
        promise(parse(cut(bytes, seed: 0)) == whole, "it depends on how the bytes are cut")
        promise(whole.events.first.map { $0.name == "session" } ?? true, "the first event is not session")
        promise(!whole.events.dropLast().contains(where: \.isTerminal), "something follows the end")
        promise((whole.violation == nil) == (whole.events.last?.isTerminal == true), "it ended well without an end")
        promise(whole.events.reduce(0) { $0 + $1.name.utf8.count } <= 2 * bytes.count, "more came out than went in")
    }
}

private struct Parsed: Equatable {
    var events: [ChatEvent] = []
    var violation: ChatStreamViolation?
}

private func parse(_ pieces: [ArraySlice<UInt8>]) -> Parsed {
    var parser = ChatStreamParser(eventLimit: 512)
    var parsed = Parsed()
    do throws(ChatStreamViolation) {
        for piece in pieces {
            parser.feed(piece)
            while let event = try parser.next() { parsed.events.append(event) }
        }
        try parser.finish()
        while let event = try parser.next() { parsed.events.append(event) }
    } catch {
        parsed.violation = error
    }
    return parsed
}
