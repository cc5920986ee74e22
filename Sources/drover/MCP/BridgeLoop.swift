import Bytes
import Client
import Wire

/// The MCP server for operators over stdin and stdout: every line is the daemon's to answer (runtime-rpc §9).
struct BridgeLoop {
    let client: RuntimeRPCClient
    let console: Console
    let input: Int32

    /// A request has at most 8 MiB, and escaping may make six bytes of one.
    static let lineLimit = 1 << 20

    /// Goes on until the end of the input.
    func run() {
        var lines = InputLines(input, limit: Self.lineLimit)
        while let line = lines.next() {
            switch line {
            case .tooLong:
                let error = JSONRPCError(.parseError, "Parse error: a line has at most \(Self.lineLimit) bytes")
                write(JSONRPCAnswer.error(error))
            case .line(let bytes):
                // Bytes that are no UTF-8 would be another text once they were made one.
                guard let text = String(validating: bytes, as: UTF8.self) else {
                    write(JSONRPCAnswer.error(JSONRPCError(.parseError, "Parse error: the line is not UTF-8")))
                    continue
                }
                pass(text)
            }
        }
    }

    private func pass(_ line: String) {
        do throws(RuntimeRPCError) {
            if let answer = try client.bridge(line) { write(Array(answer.utf8)) }
        } catch {
            // The daemon may come back; the client at the other end is told, and goes on.
            console.remark("\(error)")
            guard let request = try? JSONRPCRequest(line: line), let id = request.id else { return }
            write(JSONRPCAnswer.error(JSONRPCError(.internalError, "\(error)"), to: id))
        }
    }

    private func write(_ line: [UInt8]) { console.write(line + [UInt8(ascii: "\n")]) }
}
