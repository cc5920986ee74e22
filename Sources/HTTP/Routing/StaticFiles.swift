import Bytes
import COpenSSL
import Glibc
import Reactor

/// Serves the files below one directory, with ETag (RFC 9110 §8.8.3), from memory once they have been read.
///
/// Files are looked up by the names found in the directory, never by a path the peer made up.
@Loop
public final class StaticFiles {
    private struct File: Sendable {
        var bytes: [UInt8]
        var etag: String
        var modified: Int
    }

    private let root: String
    private let headers: [(name: String, value: String)]
    private let unknown: @Loop (HTTPExchange) -> Void
    private let worker = Worker()
    private var cache: [String: File] = [:]

    private nonisolated static let sizeLimit = 8 << 20

    /// - Parameter unknown: Answers for a file that is not there.
    public init(
        root: String, headers: [(name: String, value: String)] = [],
        unknown: @escaping @Loop (HTTPExchange) -> Void = { $0.respondUnknown() }
    ) {
        self.root = root
        self.headers = headers
        self.unknown = unknown
    }

    /// - Parameter path: Below the root, decoded; `/` is `index.html`.
    public func serve(_ path: String, _ exchange: HTTPExchange) {
        let name = path == "/" || path.isEmpty ? "index.html" : String(path.drop { $0 == "/" })
        let segments = name.split(separator: "/", omittingEmptySubsequences: false)
        guard !segments.contains(where: { $0.isEmpty || $0.hasPrefix(".") || $0.utf8.contains(0) }) else {
            unknown(exchange)
            return
        }
        let cached = cache[name]
        worker.run(
            { [root] in Self.read(name, below: root, unlessModified: cached) },
            then: { [self] found in
                guard let found else {
                    cache[name] = nil
                    unknown(exchange)
                    return
                }
                cache[name] = found
                answer(found, name: name, exchange)
            })
    }

    private func answer(_ file: File, name: String, _ exchange: HTTPExchange) {
        let fields = [("ETag", file.etag), ("Cache-Control", "no-cache")] + headers
        if let known = exchange.request.headers["if-none-match"],
            known == "*"
                || known.split(separator: ",").contains(where: {
                    $0.trimmed == file.etag || $0.trimmed == "W/\(file.etag)"
                })
        {
            exchange.respond(HTTPResponse(304, headers: fields))
        } else {
            exchange.respond(
                HTTPResponse(200, headers: [("Content-Type", Self.type(of: name))] + fields, body: file.bytes))
        }
    }

    /// Opens a file folder by folder, so that no link on the way leads out of the root.
    private nonisolated static func openFile(_ name: String, below root: String) -> Int32 {
        var descriptor = open(root, O_RDONLY | O_CLOEXEC | O_DIRECTORY)
        let segments = name.split(separator: "/")
        for (index, segment) in segments.enumerated() where descriptor >= 0 {
            // A pipe without a writer must not hold the thread up.
            let kind = index == segments.count - 1 ? O_NONBLOCK : O_DIRECTORY
            let next = openat(descriptor, String(segment), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | kind)
            close(descriptor)
            descriptor = next
        }
        return descriptor
    }

    private nonisolated static func read(_ name: String, below root: String, unlessModified cached: File?) -> File? {
        let descriptor = openFile(name, below: root)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= sizeLimit else {
            return nil
        }
        let modified = status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
        if let cached, cached.modified == modified, cached.bytes.count == status.st_size { return cached }
        let size = Int(status.st_size)
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            count = 0
            while count < size {
                let got = Glibc.read(descriptor, buffer.baseAddress! + count, size - count)
                if got <= 0 { break }
                count += got
            }
        }
        var digest = [UInt8](repeating: 0, count: 32)
        SHA256(bytes, bytes.count, &digest)
        return File(
            bytes: bytes, etag: "\"\(Base64.text(of: Array(digest.prefix(15)), .urlSafe))\"", modified: modified)
    }

    private nonisolated static func type(of name: String) -> String {
        switch name.split(separator: ".").last {
        case "html": "text/html; charset=utf-8"
        case "js", "mjs": "text/javascript; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        case "json", "webmanifest": "application/json"
        case "svg": "image/svg+xml"
        case "png": "image/png"
        case "ico": "image/x-icon"
        case "woff2": "font/woff2"
        case "txt", "map": "text/plain; charset=utf-8"
        default: "application/octet-stream"
        }
    }
}
