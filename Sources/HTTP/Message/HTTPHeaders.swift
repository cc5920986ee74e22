/// The header fields of a request, as they came: one buffer, and where each name and value stands in it.
public struct HTTPHeaders: Sendable {
    struct Field {
        var name: Range<Int>
        var value: Range<Int>
    }

    var bytes: [UInt8] = []
    var fields: [Field] = []

    public var count: Int { fields.count }

    /// The value of the first field of that name.
    ///
    /// - Parameter name: In lower case.
    public subscript(name: StaticString) -> String? {
        for field in fields where isEqual(field.name, name) { return string(field.value) }
        return nil
    }

    /// How many fields have that name, which is in lower case.
    public func count(of name: StaticString) -> Int {
        fields.count { isEqual($0.name, name) }
    }

    /// All fields, names in lower case.
    public var all: [(name: String, value: String)] {
        fields.map { (string($0.name).lowercased(), string($0.value)) }
    }

    /// Whether the field is a comma list that has this element, whatever the case.
    public func list(_ name: StaticString, contains element: String) -> Bool {
        guard let value = self[name] else { return false }
        return value.lowercased().split(separator: ",").contains { $0.trimmed == element }
    }

    /// The text, without the white space that may follow a value (RFC 9110 §5.5).
    private func string(_ range: Range<Int>) -> String {
        var range = range
        while let last = range.last, bytes[last] == 0x20 || bytes[last] == 0x09 { range = range.dropLast() }
        return String(decoding: bytes[range], as: UTF8.self)
    }

    private func isEqual(_ range: Range<Int>, _ name: StaticString) -> Bool {
        guard range.count == name.utf8CodeUnitCount else { return false }
        for offset in 0..<range.count {
            var byte = bytes[range.lowerBound + offset]
            if 0x41...0x5A ~= byte { byte |= 0x20 }
            if byte != name.utf8Start[offset] { return false }
        }
        return true
    }
}

extension StringProtocol {
    /// Without the spaces and tabs around it.
    var trimmed: String {
        var view = self[...]
        while let first = view.first, first == " " || first == "\t" { view = view.dropFirst() }
        while let last = view.last, last == " " || last == "\t" { view = view.dropLast() }
        return String(view)
    }
}
