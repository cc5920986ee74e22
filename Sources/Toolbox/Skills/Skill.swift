/// A skill of the workspace: instructions that a turn can be given (chat-runtime §8.2).
public struct Skill: Equatable, Sendable {
    /// The name of its directory.
    public var id: String
    /// The id where the front matter has none.
    public var name: String
    /// One line, perhaps empty.
    public var description: String
    /// What stands below the front matter.
    public var body: String

    /// Reads the text of a `SKILL.md`: front matter between two lines `---`, one `key: value` a line, then the body.
    public init(id: String, text: String) {
        self.id = id
        name = id
        description = ""
        // By bytes, since "\r\n" is one Character.
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
            String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
        }
        guard lines.first?.isRuler == true, let end = lines.dropFirst().firstIndex(where: \.isRuler) else {
            body = text.withoutSurroundingSpace
            return
        }
        for line in lines[1..<end] {
            guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let value = String(line[line.utf8.index(after: colon)...]).withoutSurroundingSpace.withoutQuotes
            switch String(line[..<colon]).withoutSurroundingSpace {
            case "name" where !value.isEmpty: name = value
            case "description": description = value
            default: break
            }
        }
        body = lines[(end + 1)...].joined(separator: "\n").withoutSurroundingSpace
    }
}

extension String {
    fileprivate var isRuler: Bool { withoutSurroundingSpace == "---" }

    fileprivate var withoutQuotes: String {
        guard count >= 2, let first, first == last, first == "\"" || first == "'" else { return self }
        return String(dropFirst().dropLast())
    }
}
