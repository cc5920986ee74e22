import Bytes

extension JSON {
    /// The text of this value, a member a line, two spaces a level.
    func pretty() -> [UInt8] {
        var output: [UInt8] = []
        append(to: &output, depth: 0)
        return output
    }

    private func append(to output: inout [UInt8], depth: Int) {
        switch self {
        case .array(let elements) where !elements.isEmpty:
            output.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                Self.breakLine(&output, depth + 1)
                element.append(to: &output, depth: depth + 1)
            }
            Self.breakLine(&output, depth)
            output.append(UInt8(ascii: "]"))
        case .object(let object) where !object.isEmpty:
            output.append(UInt8(ascii: "{"))
            for (index, member) in object.members.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                Self.breakLine(&output, depth + 1)
                JSONWriter.append(member.key, to: &output)
                output.append(literal: ": ")
                member.value.append(to: &output, depth: depth + 1)
            }
            Self.breakLine(&output, depth)
            output.append(UInt8(ascii: "}"))
        case .null, .bool, .integer, .unsigned, .number, .string, .array, .object:
            JSONWriter.append(self, to: &output)
        }
    }

    private static func breakLine(_ output: inout [UInt8], _ depth: Int) {
        output.append(UInt8(ascii: "\n"))
        output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: depth * 2))
    }
}
