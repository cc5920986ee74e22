/// What the fuzzer sees of the request parser.
@_spi(Fuzzing)
public enum RequestFuzzing {
    /// Parses bytes that arrive in these pieces, and tells what came of it: each request in a line, the failure last.
    public static func outcome(of pieces: [ArraySlice<UInt8>], maxHeaderSize: Int, maxBodySize: Int) -> [String] {
        let listener = Listener(maxBodySize: maxBodySize)
        let parser = RequestParser(delegate: listener, maxHeaderSize: maxHeaderSize)
        do throws(RequestFailure) {
            for piece in pieces {
                var rest = piece
                while !rest.isEmpty, !listener.isUpgraded {
                    var used = 0
                    var failure: RequestFailure?
                    rest.withUnsafeBytes { bytes in
                        do throws(RequestFailure) { used = try parser.parse(bytes) } catch { failure = error }
                    }
                    if let failure { throw failure }
                    // It stops by itself only behind a request.
                    rest = rest.dropFirst(used)
                    parser.resume()
                }
            }
        } catch {
            listener.lines.append("failed with \(error.status.code)")
        }
        return listener.lines
    }

    private final class Listener: RequestParserDelegate {
        var lines: [String] = []
        var isUpgraded = false
        private let maxBodySize: Int
        private var request: HTTPRequest?

        init(maxBodySize: Int) { self.maxBodySize = maxBodySize }

        func parserReadHead(
            _ request: HTTPRequest, contentLength: UInt64?, isVersion11: Bool, keepAlive: Bool
        ) throws(RequestFailure) {
            self.request = request
            if let contentLength, contentLength > UInt64(maxBodySize) { throw tooLarge }
        }

        func parserReadBody(_ bytes: UnsafeRawBufferPointer) throws(RequestFailure) {
            guard let request else { return }
            guard request.body.count + bytes.count <= maxBodySize else { throw tooLarge }
            request.body.append(contentsOf: bytes)
        }

        func parserReadRequest() -> Bool {
            guard let request else { return true }
            self.request = nil
            isUpgraded = request.isUpgrade
            let headers = request.headers.all.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
            lines.append(
                "\(request.method) \(request.path) ?\(request.query ?? "") \(request.queryItems) \(headers) \(request.body)"
            )
            return false
        }

        private var tooLarge: RequestFailure { RequestFailure(status: 413, message: "too large") }
    }
}
