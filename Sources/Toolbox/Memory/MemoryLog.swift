import Fleet

/// The diary of a workspace: a line for every turn, a file for every day (chat-runtime §5.1).
public struct MemoryLog: Sendable {
    private let root: String
    private let protectedPaths: [String]

    /// Unicode scalars of an answer that are kept.
    public static let answerLimit = 160
    /// UTF-8 bytes of a message that are kept.
    static let inputLimit = 4096

    public init(root: String, protectedPaths: [String] = []) {
        self.root = root
        self.protectedPaths = protectedPaths
    }

    /// Appends `- User: … | Assistant: …` to `memory/YYYY-MM-DD.md` of the day in UTC. Line ends become spaces, and an
    /// answer is cut after 160 scalars.
    ///
    /// Blocks. The turn goes on when this fails.
    public func append(input: String, answer: String, at time: PreciseTime) throws(SandboxError) {
        let day = time.rfc3339.prefix(10)
        let path = "memory/\(day).md"
        let input = OutputCap.prefix(Self.onOneLine(input), Self.inputLimit)
        let answer = String(String.UnicodeScalarView(Self.onOneLine(answer).unicodeScalars.prefix(Self.answerLimit)))
        let sandbox = try Sandbox(root: root, protectedPaths: protectedPaths)
        let place = try sandbox.destination(path, scope: .workspace)
        try sandbox.append(Array("- User: \(input) | Assistant: \(answer)\n".utf8), to: place, named: path)
    }

    private static func onOneLine(_ text: String) -> String {
        var output = String.UnicodeScalarView()
        var previous: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            // CR LF is one end of a line.
            if scalar == "\n", previous == "\r" {
                previous = scalar
                continue
            }
            output.append(scalar == "\n" || scalar == "\r" ? " " : scalar)
            previous = scalar
        }
        return String(output)
    }
}
