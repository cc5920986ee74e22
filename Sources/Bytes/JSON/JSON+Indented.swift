extension JSON {
    /// The text of this value as UTF-8, laid out for readers: a member or element a line, two spaces a level, and no line
    /// break at the end.
    public func indented() -> [UInt8] {
        var output: [UInt8] = []
        append(to: &output, depth: 0)
        return output
    }

    private func append(to output: inout [UInt8], depth: Int) {
        switch self {
        case .array(let elements) where !elements.isEmpty:
            output.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                Self.newLine(&output, depth + 1, isFirst: index == 0)
                element.append(to: &output, depth: depth + 1)
            }
            Self.newLine(&output, depth, isFirst: true)
            output.append(UInt8(ascii: "]"))
        case .object(let object) where !object.isEmpty:
            output.append(UInt8(ascii: "{"))
            for (index, member) in object.members.enumerated() {
                Self.newLine(&output, depth + 1, isFirst: index == 0)
                JSONWriter.append(member.key, to: &output)
                output.append(literal: ": ")
                member.value.append(to: &output, depth: depth + 1)
            }
            Self.newLine(&output, depth, isFirst: true)
            output.append(UInt8(ascii: "}"))
        case .null, .bool, .integer, .unsigned, .number, .string, .array, .object:
            JSONWriter.append(self, to: &output)
        }
    }

    private static func newLine(_ output: inout [UInt8], _ depth: Int, isFirst: Bool) {
        output.append(literal: isFirst ? "\n" : ",\n")
        output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: depth * 2))
    }
}
