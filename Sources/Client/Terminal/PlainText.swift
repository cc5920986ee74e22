/// Turns terminal output into lines of plain text, as a person would read them off a paper terminal.
///
/// Colours go; a progress bar that rewrites its line leaves the last of its versions; moving to another row ends a
/// line. Full-screen programs do not survive this, which is why they have recordings.
public struct PlainText: Sendable {
    /// Longer lines are broken, so that memory stays bounded.
    public static let lineLimit = 65536

    private var scanner = EscapeScanner()
    private var line = Line()

    fileprivate struct Line: Sendable {
        var cells: [Unicode.Scalar] = []
        var column = 0
        /// Bytes of a scalar that has not arrived whole.
        var partial: [UInt8] = []
        var finished: [UInt8] = []
    }

    public init() {}

    /// Feeds output and returns the text of the lines it completes.
    public mutating func feed(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var line = line
        scanner.feed(bytes) { token in
            switch token {
            case .text(let bytes): line.put(bytes)
            case .control(let byte): line.control(byte)
            case .csi(let bytes): if let sequence = ControlSequence(bytes) { line.take(sequence) }
            case .escape, .string: break
            }
        }
        let text = line.finished
        line.finished = []
        self.line = line
        return text
    }

    /// The unfinished last line.
    public mutating func finish() -> [UInt8] {
        if !line.cells.isEmpty { line.end() }
        defer { line = Line() }
        return line.finished
    }
}

extension PlainText.Line {
    fileprivate mutating func put(_ bytes: [UInt8]) {
        let whole = partial + bytes
        let kept = whole.count - UTF8Carry.incompleteTail(of: whole)
        partial = Array(whole[kept...])
        for scalar in String(decoding: whole[..<kept], as: UTF8.self).unicodeScalars {
            while cells.count < column { cells.append(" ") }
            if column < cells.count { cells[column] = scalar } else { cells.append(scalar) }
            column += 1
            if column >= PlainText.lineLimit { end() }
        }
    }

    fileprivate mutating func control(_ byte: UInt8) {
        switch byte {
        case 0x0A, 0x0B, 0x0C: end()
        case 0x0D: column = 0
        case 0x08: column = max(0, column - 1)
        case 0x09:
            while cells.count <= column { cells.append(" ") }
            cells[column] = "\t"
            column += 1
        default: break
        }
    }

    fileprivate mutating func take(_ sequence: ControlSequence) {
        guard sequence.prefix == nil, sequence.intermediates.isEmpty else { return }
        switch sequence.final {
        case UInt8(ascii: "C"): column = min(column + sequence.first(orDefault: 1), PlainText.lineLimit - 1)
        case UInt8(ascii: "D"): column = max(0, column - sequence.first(orDefault: 1))
        case UInt8(ascii: "G"): column = min(sequence.first(orDefault: 1), PlainText.lineLimit) - 1
        case UInt8(ascii: "K"): erase(sequence.parameters.first ?? 0)
        case UInt8(ascii: "A"), UInt8(ascii: "B"), UInt8(ascii: "E"), UInt8(ascii: "F"), UInt8(ascii: "H"),
            UInt8(ascii: "f"), UInt8(ascii: "d"):
            if !cells.isEmpty { end() }
        default: break
        }
    }

    private mutating func erase(_ what: Int) {
        switch what {
        case 0: if column < cells.count { cells.removeSubrange(column...) }
        case 1: for index in cells.indices.prefix(column + 1) { cells[index] = " " }
        default: cells = []
        }
    }

    fileprivate mutating func end() {
        while cells.last == " " { cells.removeLast() }
        var text = String.UnicodeScalarView()
        text.append(contentsOf: cells)
        finished += Array(String(text).utf8)
        finished.append(UInt8(ascii: "\n"))
        cells = []
        column = 0
    }
}
