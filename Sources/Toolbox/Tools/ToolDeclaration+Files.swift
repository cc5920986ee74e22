import Bytes
import Models

extension ToolDeclaration {
    /// The nine tools of chat-runtime §5.8.
    static let files: [ToolDeclaration] = [
        ToolDeclaration(
            "read", "Reads a text file of the workspace, whole or some of its lines.",
            required: ["path": .path],
            optional: ["start_line": .line("The first line, counted from 1."), "end_line": .line("The last line.")]),
        ToolDeclaration(
            "write", "Writes a text file of the workspace, making the directories above it.",
            required: ["path": .path, "content": .text("What the file is to hold.")],
            optional: ["append": .flag("Add to the end of the file rather than replace it.")]),
        ToolDeclaration(
            "edit", "Replaces every occurrence of a text in a file of the workspace.",
            required: [
                "path": .path, "find": .text("The text to look for, exactly as it stands in the file."),
                "replace": .text("The text that takes its place."),
            ]),
        ToolDeclaration(
            "bash",
            "Runs one program with its arguments in the workspace, for reading only. There is no shell: no pipes, no "
                + "redirection, no variables, no wildcards.",
            required: ["command": .text("The program and its arguments, for example: head -n 5 notes.md")]),
        ToolDeclaration(
            "grep",
            "Searches the text files of the workspace for a text, ignoring case. It is not a regular expression.",
            required: ["pattern": .text("The text to look for.")],
            optional: ["path": .text("The file or directory to search; the workspace unless given.")]),
        ToolDeclaration(
            "find", "Lists the files and directories whose path contains a text, ignoring case.",
            required: ["pattern": .text("The text to look for in the path.")],
            optional: ["path": .text("The directory to start at; the workspace unless given.")]),
        ToolDeclaration(
            "ls", "Lists a directory of the workspace. Directories end with a slash.",
            optional: ["path": .text("The directory; the workspace unless given.")]),
        ToolDeclaration(
            "memory_get", "Reads a memory file: MEMORY.md, or one in memory/.",
            required: ["path": .path],
            optional: [
                "start_line": .line("The first line, counted from 1. Needs end_line."),
                "end_line": .line("The last line. Needs start_line."),
            ]),
        ToolDeclaration(
            "memory_search", "Searches the memory files for a text, ignoring case.",
            required: ["keyword": .text("The text to look for.")]),
    ]

    enum Parameter {
        case text(String)
        case line(String)
        case flag(String)

        static let path = text("The file, from the workspace.")

        fileprivate var schema: JSON {
            switch self {
            case .text(let description): return ["type": "string", "description": .string(description)]
            case .line(let description):
                return ["type": "integer", "minimum": 1, "description": .string(description)]
            case .flag(let description): return ["type": "boolean", "description": .string(description)]
            }
        }
    }

    init(
        _ name: String, _ description: String, required: KeyValuePairs<String, Parameter> = [:],
        optional: KeyValuePairs<String, Parameter> = [:]
    ) {
        var properties = JSONObject()
        for (key, parameter) in required { properties[key] = parameter.schema }
        for (key, parameter) in optional { properties[key] = parameter.schema }
        self.init(
            name: name, description: description,
            parameters: [
                "type": "object", "properties": .object(properties), "required": .strings(required.map(\.key)),
                "additionalProperties": false,
            ])
    }
}
