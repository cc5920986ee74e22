import Bytes

/// Adding and removing, with as few bytes changed as can be, and in the file's own manner.
extension JSONText {
    /// A stretch of the text and what stands there instead.
    struct Edit: Equatable {
        var range: Range<Int>
        var text: [UInt8]
    }

    func applying(_ edits: [Edit]) -> [UInt8] {
        var result = bytes
        for edit in edits.sorted(by: { $0.range.lowerBound > $1.range.lowerBound }) {
            result.replaceSubrange(edit.range, with: edit.text)
        }
        return result
    }

    // MARK: - Adding

    /// Adds a member at the end of an object.
    func adding(_ value: JSON, named name: String, to object: Node) -> [UInt8] {
        add(to: object) { indent in
            var text: [UInt8] = []
            JSONWriter.append(name, to: &text)
            text += Array(": ".utf8)
            return text + rendered(value, indent: indent)
        }
    }

    /// Adds an element at the end of an array.
    func adding(_ value: JSON, to array: Node) -> [UInt8] {
        add(to: array) { rendered(value, indent: $0) }
    }

    /// Puts another value where one is.
    func replacing(_ node: Node, with value: JSON) -> [UInt8] {
        applying([Edit(range: node.range, text: rendered(value, indent: indent(ofLineWith: node.range.lowerBound)))])
    }

    private func add(to container: Node, _ render: ([UInt8]?) -> [UInt8]) -> [UInt8] {
        guard let last = container.children.last else {
            let own = indent(ofLineWith: container.range.lowerBound)
            let inside = container.range.lowerBound + 1..<container.range.upperBound - 1
            guard isManyLines else { return applying([Edit(range: inside, text: render(nil))]) }
            let deeper = (own ?? []) + unit
            let text = lineEnd + deeper + render(deeper) + lineEnd + (own ?? [])
            // A comment in an empty list stays, and what is added comes after it.
            let comments = commentsEnd(in: inside)
            let range = comments.map { $0..<inside.upperBound } ?? inside
            return applying([Edit(range: range, text: text)])
        }
        let indent = container.children.lazy.compactMap { self.indent(startingWith: $0.lowerBound) }.first
        let gap = indent.map { lineEnd + $0 } ?? [0x20]
        let tail = last.upperBound..<container.range.upperBound - 1
        let added = gap + render(indent)
        guard let comments = commentsEnd(in: tail) else {
            return applying([Edit(range: last.upperBound..<last.upperBound, text: [UInt8(ascii: ",")] + added)])
        }
        // The comment belongs to what stands before it.
        if hasComma(in: tail) {
            return applying([Edit(range: comments..<comments, text: added + [UInt8(ascii: ",")])])
        }
        return applying([
            Edit(range: last.upperBound..<last.upperBound, text: [UInt8(ascii: ",")]),
            Edit(range: comments..<comments, text: added),
        ])
    }

    // MARK: - Removing

    /// Removes the member or element at a place of its container, and the comma that is then too many.
    func removing(childAt index: Int, of container: Node) -> [UInt8] {
        let children = container.children
        let child = children[index]
        let inside = container.range.lowerBound + 1..<container.range.upperBound - 1
        if children.count == 1 {
            if commentsEnd(in: inside.lowerBound..<child.lowerBound) == nil,
                commentsEnd(in: child.upperBound..<inside.upperBound) == nil
            {
                return applying([Edit(range: inside, text: [])])
            }
            var edits = [Edit(range: gapStart(before: child.lowerBound)..<child.upperBound, text: [])]
            if let comma = commaIndex(in: child.upperBound..<inside.upperBound) {
                edits.append(Edit(range: comma..<comma + 1, text: []))
            }
            return applying(edits)
        }
        if index > 0 {
            let between = children[index - 1].upperBound..<child.lowerBound
            guard commentsEnd(in: between) != nil, let comma = commaIndex(in: between) else {
                return applying([Edit(range: between.lowerBound..<child.upperBound, text: [])])
            }
            return applying([
                Edit(range: comma..<comma + 1, text: []),
                Edit(range: gapStart(before: child.lowerBound)..<child.upperBound, text: []),
            ])
        }
        let between = child.upperBound..<children[1].lowerBound
        if commentsEnd(in: between) == nil {
            return applying([Edit(range: child.lowerBound..<between.upperBound, text: [])])
        }
        let comma = commaIndex(in: between) ?? between.lowerBound
        return applying([Edit(range: child.lowerBound..<comma + 1, text: [])])
    }

    // MARK: - The file's manner

    private var isManyLines: Bool { bytes.contains(0x0A) || root.children.isEmpty }

    private var lineEnd: [UInt8] {
        guard let end = bytes.firstIndex(of: 0x0A) else { return [0x0A] }
        return end > 0 && bytes[end - 1] == 0x0D ? [0x0D, 0x0A] : [0x0A]
    }

    /// One step of indentation, as the outermost object has it.
    private var unit: [UInt8] {
        let found = root.children.lazy.compactMap { indent(startingWith: $0.lowerBound) }.first { !$0.isEmpty }
        return found ?? [0x20, 0x20]
    }

    /// The white space before an offset, when it begins a line.
    private func indent(startingWith offset: Int) -> [UInt8]? {
        var start = offset
        while start > 0, bytes[start - 1] == 0x20 || bytes[start - 1] == 0x09 { start -= 1 }
        guard start > 0, bytes[start - 1] == 0x0A else { return nil }
        return Array(bytes[start..<offset])
    }

    /// The white space at the beginning of the line in which an offset lies; `nil` in a text of one line.
    private func indent(ofLineWith offset: Int) -> [UInt8]? {
        guard isManyLines else { return nil }
        let start = bytes[..<offset].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return Array(bytes[start...].prefix { $0 == 0x20 || $0 == 0x09 })
    }

    /// A value over several lines at that indentation, or in one line without.
    private func rendered(_ value: JSON, indent: [UInt8]?) -> [UInt8] {
        var output: [UInt8] = []
        render(value, indent, &output)
        return output
    }

    private func render(_ value: JSON, _ indent: [UInt8]?, _ output: inout [UInt8]) {
        func list<Element>(
            _ open: UInt8, _ close: UInt8, _ elements: [Element], _ each: (Element, [UInt8]?, inout [UInt8]) -> Void
        ) {
            output.append(open)
            let deeper = indent.map { $0 + unit }
            for (index, element) in elements.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                if let deeper { output += lineEnd + deeper } else if index > 0 { output.append(0x20) }
                each(element, deeper, &output)
            }
            if let indent, !elements.isEmpty { output += lineEnd + indent }
            output.append(close)
        }
        switch value {
        case .object(let object):
            list(UInt8(ascii: "{"), UInt8(ascii: "}"), object.members) { member, indent, output in
                JSONWriter.append(member.key, to: &output)
                output += Array(": ".utf8)
                render(member.value, indent, &output)
            }
        case .array(let elements):
            list(UInt8(ascii: "["), UInt8(ascii: "]"), elements) { render($0, $1, &$2) }
        default: JSONWriter.append(value, to: &output)
        }
    }

    // MARK: - Between values

    /// Where the last comment of a stretch without values ends.
    private func commentsEnd(in range: Range<Int>) -> Int? {
        var end: Int?
        var index = range.lowerBound
        while index < range.upperBound {
            if bytes[index] == UInt8(ascii: "/"), let after = JSONTextParser.commentEnd(in: bytes, at: index) {
                end = after
                index = after
            } else {
                index += 1
            }
        }
        return end
    }

    private func commaIndex(in range: Range<Int>) -> Int? {
        var index = range.lowerBound
        while index < range.upperBound {
            if bytes[index] == UInt8(ascii: "/"), let after = JSONTextParser.commentEnd(in: bytes, at: index) {
                index = after
            } else if bytes[index] == UInt8(ascii: ",") {
                return index
            } else {
                index += 1
            }
        }
        return nil
    }

    private func hasComma(in range: Range<Int>) -> Bool { commaIndex(in: range) != nil }

    /// Where the white space before an offset begins.
    private func gapStart(before offset: Int) -> Int {
        var start = offset
        while start > 0, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[start - 1]) { start -= 1 }
        return start
    }
}
