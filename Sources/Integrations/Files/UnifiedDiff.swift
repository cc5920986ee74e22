/// What changes in a file, as people are used to read it.
public enum UnifiedDiff {
    /// Lines before and after a change that are shown with it.
    private static let context = 3
    /// Lines beyond which a change is shown as one piece, since comparing would take too long.
    private static let limit = 2000

    private enum Line: Equatable {
        case same(Int, Int)
        case removed(Int)
        case added(Int)
    }

    /// The difference; empty when there is none.
    public static func text(_ path: String, before: [UInt8]?, after: [UInt8]?) -> String {
        guard before != after else { return "" }
        let old = lines(before ?? [])
        let new = lines(after ?? [])
        let changes = compare(old, new)
        var output = "--- \(before == nil ? "/dev/null" : path)\n+++ \(after == nil ? "/dev/null" : path)\n"
        var index = 0
        while let first = changes[index...].firstIndex(where: { !isSame($0) }) {
            let start = max(index, first - context)
            var last = first
            var end = first
            while end < changes.count, end - last <= 2 * context {
                if !isSame(changes[end]) { last = end }
                end += 1
            }
            end = min(changes.count, last + context + 1)
            append(changes[start..<end], old, new, to: &output)
            index = end
            if index >= changes.count { break }
        }
        return output
    }

    private static func append(
        _ hunk: ArraySlice<Line>, _ old: [ArraySlice<UInt8>], _ new: [ArraySlice<UInt8>], to output: inout String
    ) {
        var oldLines: [Int] = []
        var newLines: [Int] = []
        var body = ""
        for line in hunk {
            switch line {
            case .same(let left, let right):
                oldLines.append(left)
                newLines.append(right)
                body += shown(" ", old[left])
            case .removed(let left):
                oldLines.append(left)
                body += shown("-", old[left])
            case .added(let right):
                newLines.append(right)
                body += shown("+", new[right])
            }
        }
        output += "@@ -\(oldLines.first.map { $0 + 1 } ?? 0),\(oldLines.count)"
        output += " +\(newLines.first.map { $0 + 1 } ?? 0),\(newLines.count) @@\n" + body
    }

    private static func shown(_ sign: String, _ line: ArraySlice<UInt8>) -> String {
        let ends = line.last == 0x0A
        var text = ends ? line.dropLast() : line
        if text.last == 0x0D { text = text.dropLast() }
        return sign + String(decoding: text, as: UTF8.self) + (ends ? "\n" : "\n\\ No newline at end of file\n")
    }

    /// With their line ends, so that those count too.
    private static func lines(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 0x0A) {
            lines.append(rest[...end])
            rest = rest[(end + 1)...]
        }
        if !rest.isEmpty { lines.append(rest) }
        return lines
    }

    private static func compare(_ old: [ArraySlice<UInt8>], _ new: [ArraySlice<UInt8>]) -> [Line] {
        var head = 0
        while head < old.count, head < new.count, old[head] == new[head] { head += 1 }
        var tail = 0
        while tail < old.count - head, tail < new.count - head, old[old.count - 1 - tail] == new[new.count - 1 - tail] {
            tail += 1
        }
        var lines: [Line] = (0..<head).map { .same($0, $0) }
        lines += middle(old, head..<old.count - tail, new, head..<new.count - tail)
        lines += (0..<tail).map { .same(old.count - tail + $0, new.count - tail + $0) }
        return lines
    }

    /// The longest common part of two stretches, and what is around it.
    private static func middle(
        _ old: [ArraySlice<UInt8>], _ left: Range<Int>, _ new: [ArraySlice<UInt8>], _ right: Range<Int>
    ) -> [Line] {
        guard left.count <= limit, right.count <= limit, !left.isEmpty, !right.isEmpty else {
            return left.map { .removed($0) } + right.map { .added($0) }
        }
        let width = right.count + 1
        var lengths = [Int32](repeating: 0, count: (left.count + 1) * width)
        for i in stride(from: left.count - 1, through: 0, by: -1) {
            for j in stride(from: right.count - 1, through: 0, by: -1) {
                lengths[i * width + j] =
                    old[left.lowerBound + i] == new[right.lowerBound + j]
                    ? lengths[(i + 1) * width + j + 1] + 1
                    : max(lengths[(i + 1) * width + j], lengths[i * width + j + 1])
            }
        }
        var lines: [Line] = []
        var (i, j) = (0, 0)
        while i < left.count || j < right.count {
            if i < left.count, j < right.count, old[left.lowerBound + i] == new[right.lowerBound + j] {
                lines.append(.same(left.lowerBound + i, right.lowerBound + j))
                i += 1
                j += 1
            } else if j == right.count || i < left.count && lengths[(i + 1) * width + j] >= lengths[i * width + j + 1] {
                lines.append(.removed(left.lowerBound + i))
                i += 1
            } else {
                lines.append(.added(right.lowerBound + j))
                j += 1
            }
        }
        return lines
    }

    private static func isSame(_ line: Line) -> Bool {
        if case .same = line { return true }
        return false
    }
}
