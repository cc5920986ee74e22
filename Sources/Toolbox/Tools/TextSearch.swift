import Glibc

/// Goes through the text files of a part of the workspace, line by line (chat-runtime §5.8).
///
/// Protected files, links, `.git` and binary files are passed over.
struct TextSearch {
    struct Line {
        /// From the workspace.
        let path: FilePath
        /// Counted from 1.
        let number: Int
        /// Without the line feed.
        let bytes: ArraySlice<UInt8>

        /// The line without white space around it, on one line and not endless.
        var snippet: String {
            let text = bytes.drop { $0 <= 0x20 }
            let end = text.lastIndex { $0 > 0x20 }.map { $0 + 1 } ?? text.startIndex
            return OutputCap.prefix(FilePath.shown(Array(text[..<end].prefix(Self.limit + 4))), Self.limit)
        }

        private static let limit = 1000
    }

    /// Bytes of a file that is searched; larger ones are named at the end.
    static let fileLimit = 32 << 20
    static let git = Array(".git".utf8)

    let sandbox: Sandbox
    let deadline: Deadline
    /// Why the search does not cover everything, for a marker.
    private(set) var omissions: [String] = []

    init(_ sandbox: Sandbox, _ deadline: Deadline) {
        self.sandbox = sandbox
        self.deadline = deadline
    }

    /// Shows every line to `visit`, until that returns `false`.
    mutating func run(_ place: Sandbox.Place, named path: String, _ visit: (Line) -> Bool) throws(ToolFailure) {
        guard place.isDirectory, let start = place.target else {
            let file = try inSandbox { () throws(SandboxError) in try sandbox.open(place, named: path) }
            let shown = sandbox.relative(place.path)
            var large = 0
            _ = try Self.lines(of: file, at: shown, deadline, &large, visit)
            if large > 0 { omissions.append("\(shown.text) is larger than 32 MiB") }
            return
        }
        var failure: ToolFailure?
        var large = 0
        var isOutOfTime = false
        var isStopped = false
        let isComplete = TreeWalk.visit(start, at: place.path) { entry in
            if deadline.hasPassed {
                isOutOfTime = true
                return .stop
            }
            if entry.name == Self.git || sandbox.protection.covers(entry.path) { return .over }
            guard entry.kind == .file else { return .into }
            let shown = sandbox.relative(entry.path)
            // What cannot be read is passed over: the rest may have what is looked for.
            guard let file = try? sandbox.open(entry.name, in: entry.directory, named: shown.text) else { return .over }
            do throws(ToolFailure) {
                if try Self.lines(of: file, at: shown, deadline, &large, visit) { return .into }
                isStopped = true
            } catch {
                failure = error
            }
            return .stop
        }
        if let failure { throw failure }
        if isOutOfTime { omissions.append("the search took longer than ten seconds") }
        if !isComplete, !isOutOfTime, !isStopped { omissions.append("some directories lie too deep") }
        if large > 0 { omissions.append("\(large) files larger than 32 MiB were not searched") }
    }

    /// Shows the lines of a file, and returns whether to go on.
    private static func lines(
        of file: Descriptor, at path: FilePath, _ deadline: Deadline, _ large: inout Int, _ visit: (Line) -> Bool
    ) throws(ToolFailure) -> Bool {
        try deadline.throwIfCancelled()
        guard let bytes = try? TextFile.bytes(file, limit: fileLimit, named: path.text) else {
            large += 1
            return true
        }
        guard isText(bytes) else { return true }
        var number = 1
        var start = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            guard visit(Line(path: path, number: number, bytes: bytes[start..<end])) else { return false }
            if number.isMultiple(of: 10_000), deadline.hasPassed { return true }
            number += 1
            start = end + 1
        }
        return true
    }

    /// Binary files are those that are not UTF-8, or have a zero byte.
    private static func isText(_ bytes: [UInt8]) -> Bool {
        guard !bytes.isEmpty else { return true }
        let hasZero = bytes.withUnsafeBytes { memchr($0.baseAddress!, 0, $0.count) != nil }
        return !hasZero && (try? UTF8Span(validating: bytes.span)) != nil
    }
}
