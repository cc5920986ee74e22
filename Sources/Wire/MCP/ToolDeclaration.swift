import Bytes
import Fleet

/// A tool as `tools/list` shows it (MCP 2025-06-18).
public struct ToolDeclaration: Equatable, Sendable {
    public var name: String
    /// What people read.
    public var title: String?
    /// What models read.
    public var description: String
    /// The arguments: an object.
    public var input: JSONSchema
    /// The `structuredContent` of its results, when it has one: an object.
    public var output: JSONSchema?
    public var annotations: Annotations

    /// Hints at what a call may do. Each states what is so; clients assume the worst of what is left out.
    public struct Annotations: Equatable, Sendable {
        public var readOnly: Bool
        public var destructive: Bool
        public var idempotent: Bool
        public var openWorld: Bool

        public init(readOnly: Bool, destructive: Bool, idempotent: Bool, openWorld: Bool) {
            self.readOnly = readOnly
            self.destructive = destructive
            self.idempotent = idempotent
            self.openWorld = openWorld
        }

        /// It looks, and changes nothing.
        public static let looking = Annotations(
            readOnly: true, destructive: false, idempotent: true, openWorld: false)
        /// It changes something, and twice is more than once.
        public static let changing = Annotations(
            readOnly: false, destructive: false, idempotent: false, openWorld: false)
        /// It may end or undo something.
        public static let destroying = Annotations(
            readOnly: false, destructive: true, idempotent: false, openWorld: false)
    }

    public init(
        name: String, title: String? = nil, description: String, input: [JSONSchema.Property] = [],
        output: [JSONSchema.Property]? = nil, annotations: Annotations
    ) {
        self.name = name
        self.title = title
        self.description = description
        self.input = .object(input)
        self.output = output.map { .object($0) }
        self.annotations = annotations
    }

    public var json: JSON {
        .omittingNil([
            "name": .string(name), "title": title.map { .string($0) }, "description": .string(description),
            "inputSchema": input.json, "outputSchema": output?.json, "annotations": annotations.json,
        ])
    }
}

extension ToolDeclaration.Annotations {
    public var json: JSON {
        [
            "readOnlyHint": .bool(readOnly), "destructiveHint": .bool(destructive),
            "idempotentHint": .bool(idempotent), "openWorldHint": .bool(openWorld),
        ]
    }
}
