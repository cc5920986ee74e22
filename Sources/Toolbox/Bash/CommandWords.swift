/// The words of a command as a shell would see them, for a command that no shell is asked to run (chat-runtime §5.8).
///
/// Quotes and backslashes work as they do in a POSIX shell. All that a shell would do more than split words is refused
/// rather than passed on as text, since a command that means something else than it says is worse than none.
enum CommandWords {
    enum Failure: Error, Equatable {
        case empty
        /// A character that means something to a shell, outside of quotes.
        case metacharacter(Character)
        case unfinishedQuote
        case tooManyWords
    }

    static let limit = 256

    static func split(_ command: String) throws(Failure) -> [String] {
        var words: [String] = []
        // `nil` between words: a word may be empty, as in ''.
        var word: String.UnicodeScalarView?
        var scalars = command.unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            switch scalar {
            case " ", "\t":
                if let finished = word { words.append(String(finished)) }
                word = nil
                guard words.count < limit else { throw .tooManyWords }
            case "'":
                var quoted = word ?? .init()
                while true {
                    guard let next = scalars.next() else { throw .unfinishedQuote }
                    if next == "'" { break }
                    quoted.append(try literal(next))
                }
                word = quoted
            case "\"":
                var quoted = word ?? .init()
                quoting: while true {
                    guard let next = scalars.next() else { throw .unfinishedQuote }
                    switch next {
                    case "\"": break quoting
                    case "\\":
                        guard let escaped = scalars.next() else { throw .unfinishedQuote }
                        // A backslash stands for itself before anything else.
                        if !"\\\"$`".unicodeScalars.contains(escaped) { quoted.append("\\") }
                        quoted.append(try literal(escaped))
                    case "$", "`": throw .metacharacter(Character(next))
                    default: quoted.append(try literal(next))
                    }
                }
                word = quoted
            case "\\":
                guard let escaped = scalars.next() else { throw .unfinishedQuote }
                if escaped == "\n" { throw .metacharacter("\n") }
                word = word ?? .init()
                word?.append(try literal(escaped))
            case _ where always.contains(scalar): throw .metacharacter(Character(scalar))
            case _ where word == nil && atStart.contains(scalar): throw .metacharacter(Character(scalar))
            default:
                word = word ?? .init()
                word?.append(try literal(scalar))
            }
        }
        if let word { words.append(String(word)) }
        if words.isEmpty { throw .empty }
        return words
    }

    /// Operators, substitutions, wildcards and braces.
    private static let always = Set("|&;<>()$`*?[]{}\n\r".unicodeScalars)
    /// A home directory, a comment, a history.
    private static let atStart = Set("~#!".unicodeScalars)

    private static func literal(_ scalar: Unicode.Scalar) throws(Failure) -> Unicode.Scalar {
        // No program can be given a zero byte.
        if scalar == "\0" { throw .metacharacter("\0") }
        return scalar
    }
}

extension CommandWords.Failure: CustomStringConvertible {
    var description: String {
        switch self {
        case .empty: return "the command is empty"
        case .metacharacter(let character):
            return "\(character.debugDescription) means something to a shell, and there is none here: quote it, or do "
                + "without"
        case .unfinishedQuote: return "a quote is not closed"
        case .tooManyWords: return "the command has more than \(CommandWords.limit) words"
        }
    }
}
