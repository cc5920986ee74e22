/// What a model is told about itself: four files of the workspace (chat-runtime §5.1).
public enum Personality {
    /// In `personality/`, in the order of the prompt.
    public static let files = ["SOUL.md", "IDENTITY.md", "USER.md", "AGENTS.md"]

    /// The text of those that exist: a heading `## <file name>`, the content without white space around it, a blank line.
    ///
    /// Blocks. Files of up to 4 MiB are read.
    public static func prompt(root: String, protectedPaths: [String] = []) throws(PersonalityError) -> String {
        var sections: [String] = []
        for name in files {
            let path = "personality/\(name)"
            let text: String
            do {
                let sandbox = try Sandbox(root: root, protectedPaths: protectedPaths)
                text = try TextFile.whole(sandbox.open(sandbox.find(path), named: path), named: path)
            } catch let error as SandboxError {
                if case .missing = error { continue }
                throw PersonalityError(file: name, reason: error.description)
            } catch {
                throw PersonalityError(file: name, reason: (error as? ToolFailure)?.reason ?? "it cannot be read")
            }
            sections.append("## \(name)\n\(text.withoutSurroundingSpace)")
        }
        return sections.joined(separator: "\n\n").withoutSurroundingSpace
    }
}

/// A personality file is there and cannot be read, which ends the turn (§2.5).
public struct PersonalityError: Error, Equatable, Sendable, CustomStringConvertible {
    public var file: String
    public var reason: String

    public var description: String { "the personality file \(file) cannot be read: \(reason)" }
}

extension String {
    var withoutSurroundingSpace: String {
        let scalars = unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(scalars[first...last])
    }
}
