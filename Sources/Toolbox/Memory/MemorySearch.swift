import Bytes

/// A line of a memory file.
public struct MemoryLine: Equatable, Sendable {
    /// From the workspace.
    public var path: String
    /// Counted from 1.
    public var line: Int
    /// The line without white space around it.
    public var snippet: String

    public init(path: String, line: Int, snippet: String) {
        self.path = path
        self.line = line
        self.snippet = snippet
    }
}

/// Finds what the memory files say about something: `MEMORY.md` and all below `memory/` (chat-runtime §5.1).
public struct MemorySearch: Sendable {
    private let root: String
    private let protectedPaths: [String]

    /// Lines that a prompt gets.
    public static let limit = 6

    public init(root: String, protectedPaths: [String] = []) {
        self.root = root
        self.protectedPaths = protectedPaths
    }

    /// The lines that share most words with a message, best first, at most ``limit``. Words have at least three characters.
    ///
    /// Blocks, at most ten seconds. A workspace without memory files has no lines; what cannot be read is passed over.
    public func relevant(
        to message: String, isCancelled: @escaping @Sendable () -> Bool = { false }
    ) -> [MemoryLine] {
        let words = Self.words(of: message)
        guard !words.isEmpty, let sandbox = try? Sandbox(root: root, protectedPaths: protectedPaths) else { return [] }
        // As bytes, so that a line is looked through once for every word.
        let wanted = words.map { CaseInsensitiveText($0) }
        var best: [(matches: Int, line: TextSearch.Line)] = []
        _ = try? Self.forEachLine(in: sandbox, Deadline(isCancelled)) { line in
            let matches = wanted.count { $0.occurs(in: line.bytes) }
            guard matches > 0 else { return true }
            // Behind those as good, which were found earlier.
            let place = best.firstIndex { $0.matches < matches } ?? best.count
            guard place < Self.limit else { return true }
            best.insert((matches, line), at: place)
            if best.count > Self.limit { best.removeLast() }
            return true
        }
        return best.map { MemoryLine($0.line) }
    }

    /// The distinct words of a text that say something, in lower case; of an endless text the first hundred.
    static func words(of text: String) -> [String] {
        var seen: Set<String> = []
        var words: [String] = []
        for word in text.lowercased().split(whereSeparator: { !$0.isLetter && !$0.isNumber }) where word.count >= 3 {
            let word = String(word)
            if seen.insert(word).inserted { words.append(word) }
            if words.count == 100 { break }
        }
        return words
    }

    /// Shows every line of every memory file, `MEMORY.md` first, and returns why some may be missing.
    @discardableResult
    static func forEachLine(
        in sandbox: Sandbox, _ deadline: Deadline, _ visit: (TextSearch.Line) -> Bool
    ) throws(ToolFailure) -> [String] {
        var search = TextSearch(sandbox, deadline)
        var goesOn = true
        for path in ["MEMORY.md", "memory"] where goesOn {
            let place: Sandbox.Place
            do throws(SandboxError) { place = try sandbox.find(path) } catch {
                if case .missing = error { continue }
                throw ToolFailure(error)
            }
            try search.run(place, named: path) { line in
                goesOn = visit(line)
                return goesOn
            }
        }
        return search.omissions
    }
}

extension MemoryLine {
    init(_ line: TextSearch.Line) {
        self.init(path: line.path.text, line: line.number, snippet: line.snippet)
    }
}
