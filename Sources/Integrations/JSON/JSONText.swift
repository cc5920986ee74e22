/// A JSON text with the place of everything in it, so that one part can be changed and every other byte stays.
public struct JSONText: Equatable, Sendable {
    /// A value and where its text is.
    public struct Node: Equatable, Sendable {
        public indirect enum Kind: Equatable, Sendable {
            case object([Member])
            case array([Node])
            case string(String)
            /// A number, `true`, `false` or `null`, as it is written.
            case literal(String)
        }

        public var range: Range<Int>
        public var kind: Kind

        public var members: [Member]? {
            if case .object(let members) = kind { return members }
            return nil
        }

        public var elements: [Node]? {
            if case .array(let elements) = kind { return elements }
            return nil
        }

        public var string: String? {
            if case .string(let text) = kind { return text }
            return nil
        }

        public var literal: String? {
            if case .literal(let text) = kind { return text }
            return nil
        }

        /// The value of a member; the last one where the name stands twice.
        public subscript(name: String) -> Node? { members?.last { $0.name == name }?.value }

        /// The places of what is in it: members with their names, or elements.
        var children: [Range<Int>] {
            members?.map { $0.nameRange.lowerBound..<$0.value.range.upperBound } ?? elements?.map(\.range) ?? []
        }
    }

    public struct Member: Equatable, Sendable {
        public var name: String
        public var nameRange: Range<Int>
        public var value: Node
    }

    public let bytes: [UInt8]
    public let root: Node

    /// What may stand in a text beside JSON.
    public enum Dialect: Sendable {
        case strict
        /// Comments and commas at the end of lists, as some programs allow in their settings.
        case comments
    }

    /// What is wrong with a text.
    public struct Failure: Error, Equatable, Sendable {
        /// From 1.
        public var line: Int
        public var reason: String
    }

    public init(_ bytes: [UInt8], dialect: Dialect) throws(Failure) {
        var parser = JSONTextParser(bytes: bytes, dialect: dialect)
        self.bytes = bytes
        root = try parser.document()
    }

    /// The line, from 1, in which an offset lies.
    public func line(of offset: Int) -> Int { 1 + bytes[..<offset].count { $0 == 0x0A } }

    public func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
}
