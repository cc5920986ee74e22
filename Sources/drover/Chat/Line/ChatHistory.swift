import Bytes
import Client
import Glibc

/// What a person has sent before, kept in Drover's home: one JSON string a line, readable by them only.
struct ChatHistory {
    /// Messages that are kept.
    static let limit = 1000
    /// Longer messages are not kept: they were pasted.
    static let lengthLimit = 16 << 10

    private let path: String

    init(home: String) {
        path = home + "/chat-history"
    }

    /// Oldest first. What cannot be read is no history.
    func load() -> [String] {
        guard let bytes = try? File.read(path, limit: 64 << 20) else { return [] }
        let texts = bytes.split(separator: UInt8(ascii: "\n")).compactMap { (try? JSON(parsing: $0))?.string }
        if texts.count > Self.limit * 2 { replace(with: texts.suffix(Self.limit)) }
        return texts.suffix(Self.limit)
    }

    /// Adds a message. A history that cannot be written is a pity, and nothing more.
    func add(_ text: String) {
        guard text.utf8.count <= Self.lengthLimit else { return }
        write([text], to: path, O_APPEND)
    }

    private func replace(with texts: ArraySlice<String>) {
        let new = path + ".new"
        guard write(Array(texts), to: new, O_TRUNC) else { return }
        rename(new, path)
    }

    @discardableResult
    private func write(_ texts: [String], to path: String, _ flags: Int32) -> Bool {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, 0o600)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        for text in texts { bytes += JSON.string(text).encoded() + [UInt8(ascii: "\n")] }
        return Glibc.write(descriptor, bytes, bytes.count) == bytes.count
    }
}
