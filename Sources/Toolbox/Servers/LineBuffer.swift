/// Cuts what a program says into lines, of a bounded length.
struct LineBuffer {
    private let limit: Int
    private var rest: [UInt8] = []
    /// Whether a line was longer than allowed; nothing comes out any more.
    private(set) var isOverfull = false

    init(limit: Int) { self.limit = limit }

    /// Takes bytes and returns the lines that are complete, without what ends them; empty ones are left out.
    mutating func feed(_ bytes: [UInt8]) -> [[UInt8]] {
        guard !isOverfull else { return [] }
        var lines: [[UInt8]] = []
        var start = 0
        while let feed = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            rest += bytes[start..<feed]
            if rest.last == UInt8(ascii: "\r") { rest.removeLast() }
            if rest.count > limit { isOverfull = true }
            if !rest.isEmpty, !isOverfull { lines.append(rest) }
            rest = []
            start = feed + 1
        }
        rest += bytes[start...]
        if rest.count > limit {
            isOverfull = true
            rest = []
        }
        return lines
    }
}
