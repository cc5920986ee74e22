import Client

/// A draft of one or more lines, and the keys that change it.
///
/// A plain value: it is fed what a terminal sends, and says what the person wants. What it looks like on the screen is for
/// ``LinePicture``.
struct LineEditor {
    enum Action: Equatable {
        /// The draft or the cursor is another.
        case changed
        case submit(String)
        /// Ctrl-C. The draft is gone, if there was one.
        case interrupt(hadDraft: Bool)
        /// Ctrl-D with nothing typed.
        case end
        /// Ctrl-Z
        case suspend
        /// Ctrl-L
        case clearScreen
        /// Nothing came of a key.
        case bell
    }

    private(set) var characters: [Character] = []
    private(set) var cursor = 0
    /// What was sent before, oldest first.
    private(set) var history: [String]

    /// A draft has at most so many characters; what goes beyond is not taken.
    static let limit = 1 << 18

    private var scanner = EscapeScanner()
    private var carry = UTF8Carry()
    private var isPasting = false
    private var pasted: [UInt8] = []
    /// The letter of a key that begins with ESC O is still to come.
    private var awaitsKeyLetter = false
    private var killed: [Character] = []
    /// Where in the history the draft is from; its end is the draft itself.
    private var place: Int
    private var draft: [Character] = []
    private let complete: (String) -> [String]

    /// `complete` is asked what a draft may become.
    init(history: [String] = [], complete: @escaping (String) -> [String] = { _ in [] }) {
        self.history = history
        self.complete = complete
        place = history.count
    }

    var text: String { String(characters) }

    /// Puts a text in place of the draft, for the person to go on with.
    mutating func restore(_ text: String) {
        characters = Array(text.prefix(Self.limit))
        cursor = characters.count
        place = history.count
    }

    /// Takes bytes of the terminal. After a `submit` the draft is empty.
    mutating func feed(_ bytes: [UInt8]) -> [Action] {
        var actions: [Action] = []
        var tokens: [EscapeScanner.Token] = []
        // Alt-Enter is no sequence to the scanner, and would leave it waiting for the rest of one.
        scanner.feed(Self.withoutAltEnter(bytes)) { tokens.append($0) }
        for token in tokens { take(token, &actions) }
        return actions
    }

    private static let altEnter: [UInt8] = Array("\u{1B}[27;3;13~".utf8)

    private static func withoutAltEnter(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == 0x1B, index + 1 < bytes.count, bytes[index + 1] == 0x0D || bytes[index + 1] == 0x0A {
                output += altEnter
                index += 2
            } else {
                output.append(bytes[index])
                index += 1
            }
        }
        return output
    }

    // MARK: - Keys

    private mutating func take(_ token: EscapeScanner.Token, _ actions: inout [Action]) {
        if isPasting {
            switch token {
            case .text(let bytes): pasted += bytes
            case .control(let byte): if [0x09, 0x0A, 0x0D].contains(byte) { pasted.append(byte) }
            case .csi(let bytes) where bytes.elementsEqual("\u{1B}[201~".utf8): endPaste(&actions)
            case .csi, .escape, .string: break
            }
            return
        }
        switch token {
        case .text(var bytes):
            if awaitsKeyLetter, let letter = bytes.first {
                awaitsKeyLetter = false
                bytes.removeFirst()
                actions.append(press(final: letter, parameters: []))
            }
            let text = carry.feed(bytes)
            if !text.isEmpty { actions.append(insert(Array(text))) }
        case .control(let byte): control(byte, &actions)
        case .escape(let bytes): if let last = bytes.last { alt(last, &actions) }
        case .csi(let bytes): csi(bytes, &actions)
        case .string: break
        }
    }

    private mutating func control(_ byte: UInt8, _ actions: inout [Action]) {
        switch byte {
        case 0x01: actions.append(move(to: lineStart))
        case 0x02: actions.append(move(to: cursor - 1))
        case 0x03: actions.append(interrupt())
        case 0x04: actions.append(characters.isEmpty ? .end : delete(cursor..<(cursor + 1)))
        case 0x05: actions.append(move(to: lineEnd))
        case 0x06: actions.append(move(to: cursor + 1))
        case 0x08, 0x7F: actions.append(delete((cursor - 1)..<cursor))
        case 0x09: actions.append(completed())
        case 0x0A, 0x0D: actions.append(enter())
        case 0x0B: actions.append(kill(cursor..<max(lineEnd, min(cursor + 1, characters.count))))
        case 0x0C: actions.append(.clearScreen)
        case 0x0E: actions.append(later())
        case 0x10: actions.append(earlier())
        case 0x15: actions.append(kill(lineStart..<cursor))
        case 0x17: actions.append(kill(wordStart..<cursor))
        case 0x19: actions.append(insert(killed))
        case 0x1A: actions.append(.suspend)
        default: actions.append(.bell)
        }
    }

    private mutating func alt(_ byte: UInt8, _ actions: inout [Action]) {
        switch byte {
        case UInt8(ascii: "O"): awaitsKeyLetter = true
        case UInt8(ascii: "b"): actions.append(move(to: wordStart))
        case UInt8(ascii: "f"): actions.append(move(to: wordEnd))
        case UInt8(ascii: "d"): actions.append(kill(cursor..<wordEnd))
        case 0x7F: actions.append(kill(wordStart..<cursor))
        default: actions.append(.bell)
        }
    }

    private mutating func csi(_ bytes: [UInt8], _ actions: inout [Action]) {
        if bytes.elementsEqual(Self.altEnter) {
            actions.append(insert(["\n"]))
            return
        }
        guard let final = bytes.last, bytes.count >= 3 else { return }
        let parameters = bytes[2..<(bytes.count - 1)].split(separator: UInt8(ascii: ";"))
            .map { Int(String(decoding: $0, as: UTF8.self)) ?? 0 }
        if final == UInt8(ascii: "~"), parameters.first == 200 {
            isPasting = true
            pasted = []
            return
        }
        actions.append(press(final: final, parameters: parameters))
    }

    /// A key that terminals send as ESC [ or ESC O and a letter, or a number.
    private mutating func press(final: UInt8, parameters: [Int]) -> Action {
        let byWord = parameters.count > 1 && [3, 5].contains(parameters[1])
        switch (final, parameters.first ?? 0) {
        case (UInt8(ascii: "A"), _): return up()
        case (UInt8(ascii: "B"), _): return down()
        case (UInt8(ascii: "C"), _): return move(to: byWord ? wordEnd : cursor + 1)
        case (UInt8(ascii: "D"), _): return move(to: byWord ? wordStart : cursor - 1)
        case (UInt8(ascii: "H"), _), (UInt8(ascii: "~"), 1), (UInt8(ascii: "~"), 7): return move(to: lineStart)
        case (UInt8(ascii: "F"), _), (UInt8(ascii: "~"), 4), (UInt8(ascii: "~"), 8): return move(to: lineEnd)
        case (UInt8(ascii: "~"), 3): return delete(cursor..<(cursor + 1))
        default: return .bell
        }
    }

    // MARK: - Changes

    private mutating func insert(_ new: [Character]) -> Action {
        guard !new.isEmpty, characters.count + new.count <= Self.limit else { return .bell }
        characters.insert(contentsOf: new, at: cursor)
        cursor += new.count
        // A mark that combines joins the letter before it.
        let joined = Array(String(characters[..<cursor]))
        if joined.count != cursor {
            characters.replaceSubrange(..<cursor, with: joined)
            cursor = joined.count
        }
        return .changed
    }

    private mutating func endPaste(_ actions: inout [Action]) {
        isPasting = false
        var text = ""
        for character in String(decoding: pasted, as: UTF8.self) {
            text.append(character == "\r" || character == "\r\n" ? "\n" : character)
        }
        pasted = []
        actions.append(insert(Array(text)))
    }

    private mutating func delete(_ range: Range<Int>) -> Action {
        guard range.lowerBound >= 0, range.upperBound <= characters.count, !range.isEmpty else { return .bell }
        characters.removeSubrange(range)
        cursor = range.lowerBound
        return .changed
    }

    private mutating func kill(_ range: Range<Int>) -> Action {
        guard !range.isEmpty else { return .bell }
        killed = Array(characters[range])
        return delete(range)
    }

    private mutating func move(to place: Int) -> Action {
        guard (0...characters.count).contains(place) else { return .bell }
        cursor = place
        return .changed
    }

    /// A backslash at the end asks for another line.
    private mutating func enter() -> Action {
        if characters.last == "\\" {
            characters[characters.count - 1] = "\n"
            cursor = characters.count
            return .changed
        }
        let text = text
        if !text.allSatisfy(\.isWhitespace), history.last != text { history.append(text) }
        characters = []
        cursor = 0
        place = history.count
        return .submit(text)
    }

    /// Drops the draft.
    mutating func interrupt() -> Action {
        defer { restore("") }
        return .interrupt(hadDraft: !characters.isEmpty)
    }

    private mutating func completed() -> Action {
        let candidates = complete(text)
        guard let first = candidates.first, cursor == characters.count else { return .bell }
        let common = candidates.dropFirst().reduce(first) { common, candidate in
            String(zip(common, candidate).prefix { $0 == $1 }.map(\.0))
        }
        guard common.count > characters.count else { return .bell }
        characters = Array(common)
        cursor = characters.count
        return .changed
    }

    // MARK: - History

    private mutating func up() -> Action {
        guard lineStart > 0 else { return earlier() }
        let column = cursor - lineStart
        cursor = lineStart - 1
        return move(to: min(lineStart + column, lineEnd))
    }

    private mutating func down() -> Action {
        guard lineEnd < characters.count else { return later() }
        let column = cursor - lineStart
        cursor = lineEnd + 1
        return move(to: min(lineStart + column, lineEnd))
    }

    private mutating func earlier() -> Action {
        guard place > 0 else { return .bell }
        if place == history.count { draft = characters }
        place -= 1
        return show(Array(history[place]))
    }

    private mutating func later() -> Action {
        guard place < history.count else { return .bell }
        place += 1
        return show(place == history.count ? draft : Array(history[place]))
    }

    private mutating func show(_ text: [Character]) -> Action {
        characters = text
        cursor = text.count
        return .changed
    }

    // MARK: - Places

    private var lineStart: Int { (characters[..<cursor].lastIndex(of: "\n") ?? -1) + 1 }
    private var lineEnd: Int { characters[cursor...].firstIndex(of: "\n") ?? characters.count }

    private var wordStart: Int {
        var place = cursor
        while place > 0, !Self.isWord(characters[place - 1]) { place -= 1 }
        while place > 0, Self.isWord(characters[place - 1]) { place -= 1 }
        return place
    }

    private var wordEnd: Int {
        var place = cursor
        while place < characters.count, !Self.isWord(characters[place]) { place += 1 }
        while place < characters.count, Self.isWord(characters[place]) { place += 1 }
        return place
    }

    private static func isWord(_ character: Character) -> Bool { character.isLetter || character.isNumber }
}
