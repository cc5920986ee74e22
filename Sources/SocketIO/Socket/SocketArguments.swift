import Bytes

/// The arguments of an event or of an acknowledgement: JSON texts as they stood on the wire, and the bytes they
/// refer to.
///
/// Received arguments are checked, not decoded: sending them on costs a copy of their text. Bytes stand in the JSON as
/// `{"_placeholder":true,"num":n}`, where `n` counts into `attachments`.
public struct SocketArguments: Sendable {
    public static let none = SocketArguments()

    /// The JSON texts with commas between them, and possibly something around them.
    private var source: ArraySlice<UInt8>
    /// Where each stands, counted from the start of `source`.
    private var ranges: [Range<Int>]
    /// How many of them are not arguments: an event's name comes first.
    private let skipped: Int
    public private(set) var attachments: [[UInt8]] = []

    /// No arguments.
    public init() {
        source = []
        ranges = []
        skipped = 0
    }

    public init(_ values: JSON...) {
        self.init()
        for value in values { append(value) }
    }

    /// One argument that is JSON text already. The caller vouches for it.
    public init(raw text: [UInt8]) {
        source = text[...]
        ranges = [0..<text.count]
        skipped = 0
    }

    /// The elements of a JSON array, of which the first `skipped` are not arguments.
    init(array: ArraySlice<UInt8>, skipping skipped: Int = 0) throws(JSONError) {
        var reader = JSONReader(array.span)
        ranges = try reader.arrayElements()
        source = array
        self.skipped = min(skipped, ranges.count)
    }

    // MARK: - Reading

    public var count: Int { ranges.count - skipped }
    public var isEmpty: Bool { count == 0 }

    /// The JSON text of an argument.
    public func raw(_ index: Int) -> ArraySlice<UInt8> { slice(ranges[skipped + index]) }

    /// An argument as a value, or `nil` when there are not that many.
    public subscript(index: Int) -> JSON? {
        guard index >= 0, index < count else { return nil }
        return try? JSON(parsing: raw(index))
    }

    /// The bytes that an argument stands for, if it is a placeholder.
    public func binary(_ index: Int) -> [UInt8]? {
        guard !attachments.isEmpty, let value = self[index], value["_placeholder"] == true,
            let number = value["num"]?.integer, attachments.indices.contains(number)
        else { return nil }
        return attachments[number]
    }

    /// All arguments as JSON text, without brackets.
    public var text: ArraySlice<UInt8> {
        guard let last = ranges.last, count > 0 else { return [] }
        return slice(ranges[skipped].lowerBound..<last.upperBound)
    }

    /// What was skipped.
    var name: ArraySlice<UInt8>? { skipped > 0 ? slice(ranges[0]) : nil }

    private func slice(_ range: Range<Int>) -> ArraySlice<UInt8> {
        source[(source.startIndex + range.lowerBound)..<(source.startIndex + range.upperBound)]
    }

    // MARK: - Building

    public mutating func append(_ value: JSON) {
        append { JSONWriter.append(value, to: &$0) }
    }

    /// Appends an argument that is JSON text already. The caller vouches for it.
    public mutating func append(raw text: some Collection<UInt8>) {
        append { $0.append(contentsOf: text) }
    }

    public mutating func append(binary: [UInt8]) {
        append(Self.placeholder(attachments.count))
        attachments.append(binary)
    }

    /// Appends a value that refers to bytes by placeholders numbered from zero.
    public mutating func append(_ value: JSON, attachments more: [[UInt8]]) {
        precondition(attachments.isEmpty || more.isEmpty, "placeholders of two values would mean the same bytes")
        append(value)
        attachments += more
    }

    /// What stands in JSON for the bytes with that number.
    public static func placeholder(_ number: Int) -> JSON {
        ["_placeholder": true, "num": .integer(number)]
    }

    private mutating func append(_ write: (inout [UInt8]) -> Void) {
        var bytes = Array(source)
        let isFirst = ranges.isEmpty
        source = []
        if !isFirst {
            // Whatever followed the last element, a bracket say, goes.
            bytes.removeSubrange((ranges.last?.upperBound ?? 0)...)
            bytes.append(UInt8(ascii: ","))
        }
        let start = bytes.count
        write(&bytes)
        ranges.append(start..<bytes.count)
        source = bytes[...]
    }
}

extension SocketArguments {
    /// Takes the bytes that arrived, if the JSON refers to no others. Placeholders may be nested anywhere.
    mutating func attach(_ bytes: [[UInt8]]) -> Bool {
        for index in 0..<count {
            guard let value = self[index], Self.refersOnly(below: bytes.count, value) else { return false }
        }
        attachments = bytes
        return true
    }

    private static func refersOnly(below count: Int, _ value: JSON) -> Bool {
        switch value {
        case .array(let elements):
            return elements.allSatisfy { refersOnly(below: count, $0) }
        case .object(let object):
            if object["_placeholder"] == true {
                guard let number = object["num"]?.integer else { return false }
                return number >= 0 && number < count
            }
            return object.members.allSatisfy { refersOnly(below: count, $0.value) }
        case .null, .bool, .integer, .unsigned, .number, .string:
            return true
        }
    }
}

extension SocketArguments: Equatable {
    public static func == (left: SocketArguments, right: SocketArguments) -> Bool {
        left.text == right.text && left.attachments == right.attachments
    }
}

extension SocketArguments: ExpressibleByArrayLiteral {
    public init(arrayLiteral elements: JSON...) {
        self.init()
        for element in elements { append(element) }
    }
}

extension SocketArguments: CustomStringConvertible {
    public var description: String { "[\(String(decoding: text, as: UTF8.self))]" }
}
