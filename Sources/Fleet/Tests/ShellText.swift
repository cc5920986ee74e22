/// Reads a shell's text as far as it takes to know which commands it runs. The counterpart of ``ShellWords``.
///
/// Knows quotes, escapes, comments, redirections, here-documents and the operators between commands. Substitutions stay
/// part of their word unread. Not a shell: what is too clever is passed over rather than guessed.
enum ShellText {
    /// Longer texts are read this far.
    static let maxBytes = 64 * 1024

    /// The words of each simple command, in order. Redirections are left out, quotes are taken off.
    static func commands(in text: String) -> [[String]] {
        var reader = Reader(bytes: Array(text.utf8.prefix(maxBytes)))
        reader.read()
        return reader.commands
    }

    private struct Reader {
        let bytes: [UInt8]
        var index = 0
        var commands: [[String]] = []
        private var words: [String] = []
        private var word: [UInt8] = []
        private var hasWord = false
        private var isRedirection = false
        private var isHereDocument = false
        private var hereDocuments: [String] = []

        init(bytes: [UInt8]) { self.bytes = bytes }

        mutating func read() {
            while index < bytes.count {
                let byte = bytes[index]
                index += 1
                switch byte {
                case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): endWord()
                case UInt8(ascii: "\n"):
                    endCommand()
                    skipHereDocuments()
                case UInt8(ascii: ";"), UInt8(ascii: "|"), UInt8(ascii: "("), UInt8(ascii: ")"): endCommand()
                case UInt8(ascii: "&"):
                    if peek == UInt8(ascii: ">") { endWord() } else { endCommand() }
                case UInt8(ascii: "<"), UInt8(ascii: ">"): redirect(byte)
                case UInt8(ascii: "#") where !hasWord:
                    while index < bytes.count, bytes[index] != 0x0A { index += 1 }
                case UInt8(ascii: "'"):
                    hasWord = true
                    while let next = take(), next != UInt8(ascii: "'") { word.append(next) }
                case UInt8(ascii: "\""): readQuoted()
                case UInt8(ascii: "\\"):
                    if let next = take(), next != 0x0A { append(next) }
                case UInt8(ascii: "$"), UInt8(ascii: "`"): readSubstitution(byte)
                default: append(byte)
                }
            }
            endCommand()
        }

        private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

        private mutating func take() -> UInt8? {
            guard let byte = peek else { return nil }
            index += 1
            return byte
        }

        private mutating func append(_ byte: UInt8) {
            word.append(byte)
            hasWord = true
        }

        private mutating func readQuoted() {
            hasWord = true
            while let next = take(), next != UInt8(ascii: "\"") {
                switch next {
                case UInt8(ascii: "\\"):
                    guard let escaped = take() else { return }
                    switch escaped {
                    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "$"), UInt8(ascii: "`"):
                        word.append(escaped)
                    case 0x0A: break
                    default: word += [next, escaped]
                    }
                case UInt8(ascii: "$"), UInt8(ascii: "`"): readSubstitution(next)
                default: word.append(next)
                }
            }
        }

        /// Takes `$(…)` or a pair of backquotes whole.
        private mutating func readSubstitution(_ opener: UInt8) {
            append(opener)
            if opener == UInt8(ascii: "`") {
                while let next = take() {
                    word.append(next)
                    if next == opener { return }
                }
            } else if peek == UInt8(ascii: "(") {
                var depth = 0
                while let next = take() {
                    word.append(next)
                    if next == UInt8(ascii: "(") { depth += 1 }
                    if next == UInt8(ascii: ")") { depth -= 1 }
                    if depth == 0 { return }
                }
            }
        }

        /// `2>&1`, `> file`, `<<EOF`: the number before it and the word after it belong to the redirection.
        private mutating func redirect(_ byte: UInt8) {
            if hasWord, word.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }) {
                word = []
                hasWord = false
            }
            endWord()
            var operators = 1
            while peek == byte {
                index += 1
                operators += 1
            }
            if peek == UInt8(ascii: "&") || peek == UInt8(ascii: "|") || (operators == 2 && peek == UInt8(ascii: "-")) {
                index += 1
            }
            isRedirection = true
            isHereDocument = byte == UInt8(ascii: "<") && operators == 2
        }

        private mutating func endWord() {
            guard hasWord else { return }
            let text = String(decoding: word, as: UTF8.self)
            if isHereDocument { hereDocuments.append(text) }
            if !isRedirection { words.append(text) }
            isRedirection = false
            isHereDocument = false
            word = []
            hasWord = false
        }

        private mutating func endCommand() {
            endWord()
            isRedirection = false
            if !words.isEmpty { commands.append(words) }
            words = []
        }

        private mutating func skipHereDocuments() {
            for delimiter in hereDocuments {
                while index < bytes.count {
                    let end = bytes[index...].firstIndex(of: 0x0A) ?? bytes.count
                    let line = String(decoding: bytes[index..<end].drop { $0 == 0x09 }, as: UTF8.self)
                    index = min(end + 1, bytes.count)
                    if line == delimiter { break }
                }
            }
            hereDocuments = []
        }
    }
}
