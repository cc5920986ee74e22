/// The command line that a hook's entry runs, and how ours is told from others (daemon-ipc §9.2).
///
/// Ours has exactly this shape: assignments, a path that ends in `drover-hook` or `hud-hook`, `handle`, and which agent
/// it is. A command that merely mentions one of the names is somebody else's.
public struct HookCommand: Equatable, Sendable {
    /// The program's path.
    public var program: String
    /// What is written after `--agent`.
    public var agent: String?

    public init(program: String, agent: String?) {
        self.program = program
        self.agent = agent
    }

    static let names: Set<String> = ["drover-hook", "hud-hook"]

    /// Recognises a command of ours; `nil` for all others.
    public init?(parsing text: String) {
        guard var words = Self.words(of: text)?[...] else { return nil }
        while let word = words.first, Self.isAssignment(word) { words.removeFirst() }
        guard let program = words.popFirst(), words.popFirst() == "handle" else { return nil }
        guard let name = program.split(separator: "/").last, Self.names.contains(String(name)) else { return nil }
        if words.isEmpty {
            self.init(program: program, agent: nil)
        } else if words.count == 2, words.first == "--agent" {
            self.init(program: program, agent: words.last)
        } else {
            return nil
        }
    }

    /// As a shell reads it.
    public var text: String {
        let start = Self.quoted(program) + " handle"
        return agent.map { start + " --agent " + $0 } ?? start
    }

    // MARK: - Words of a shell

    static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy {
            (0x30...0x39) ~= $0 || (0x41...0x5A) ~= $0 || (0x61...0x7A) ~= $0 || "/._-+:@%,".utf8.contains($0)
        }
        if isPlain && !word.isEmpty { return word }
        return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    /// The words of a simple command; `nil` when it is anything more.
    static func words(of text: String) -> [String]? {
        var words: [String] = []
        var word: [UInt8]?
        var bytes = Array(text.utf8)[...]
        while let byte = bytes.popFirst() {
            switch byte {
            case 0x20, 0x09:
                if let done = word { words.append(String(decoding: done, as: UTF8.self)) }
                word = nil
            case UInt8(ascii: "'"):
                guard let end = bytes.firstIndex(of: byte) else { return nil }
                word = (word ?? []) + bytes[..<end]
                bytes = bytes[(end + 1)...]
            case UInt8(ascii: "\""):
                guard let end = bytes.firstIndex(of: byte) else { return nil }
                let inside = bytes[..<end]
                if inside.contains(where: { "\\$`".utf8.contains($0) }) { return nil }
                word = (word ?? []) + inside
                bytes = bytes[(end + 1)...]
            case UInt8(ascii: "\\"):
                guard let next = bytes.popFirst(), next != 0x0A else { return nil }
                word = (word ?? []) + [next]
            default:
                if "\n\r;|&<>()$`*?[]{}!#".utf8.contains(byte) { return nil }
                word = (word ?? []) + [byte]
            }
        }
        if let done = word { words.append(String(decoding: done, as: UTF8.self)) }
        return words
    }

    private static func isAssignment(_ word: String) -> Bool {
        let name = word.utf8.prefix { $0 != UInt8(ascii: "=") }
        guard name.count < word.utf8.count, let first = name.first, !((0x30...0x39) ~= first) else { return false }
        return name.allSatisfy {
            (0x30...0x39) ~= $0 || (0x41...0x5A) ~= $0 || (0x61...0x7A) ~= $0 || $0 == UInt8(ascii: "_")
        }
    }
}
