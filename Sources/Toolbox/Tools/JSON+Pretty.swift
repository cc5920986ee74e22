import Bytes

extension JSON {
    /// With two spaces for each level, as models read it best.
    var pretty: String {
        var output: [UInt8] = []
        appendPretty(to: &output, indentation: 0)
        return String(decoding: output, as: UTF8.self)
    }

    private func appendPretty(to output: inout [UInt8], indentation: Int) {
        switch self {
        case .array(let elements) where !elements.isEmpty:
            output.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                Self.startLine(&output, indentation + 1)
                element.appendPretty(to: &output, indentation: indentation + 1)
            }
            Self.startLine(&output, indentation)
            output.append(UInt8(ascii: "]"))
        case .object(let object) where !object.isEmpty:
            output.append(UInt8(ascii: "{"))
            for (index, member) in object.members.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                Self.startLine(&output, indentation + 1)
                JSONWriter.append(member.key, to: &output)
                output.append(literal: ": ")
                member.value.appendPretty(to: &output, indentation: indentation + 1)
            }
            Self.startLine(&output, indentation)
            output.append(UInt8(ascii: "}"))
        default:
            JSONWriter.append(self, to: &output)
        }
    }

    private static func startLine(_ output: inout [UInt8], _ indentation: Int) {
        output.append(UInt8(ascii: "\n"))
        output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indentation * 2))
    }
}
