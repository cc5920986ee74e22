import Glibc

/// Names of directories and files as the kernel has them, which need not be UTF-8, from some directory down.
struct FilePath: Hashable {
    var names: [[UInt8]]

    init(_ names: [[UInt8]] = []) { self.names = names }

    /// Splits at slashes; empty names, which mean nothing, are left out.
    init(splitting text: some Sequence<UInt8>) { names = text.split(separator: UInt8(ascii: "/")).map(Array.init) }

    init(_ text: String) { self.init(splitting: text.utf8) }

    func appending(_ name: [UInt8]) -> FilePath { FilePath(names + [name]) }

    func hasPrefix(_ other: FilePath) -> Bool { names.starts(with: other.names) }

    /// With slashes between the names.
    var bytes: [UInt8] { Array(names.joined(separator: [UInt8(ascii: "/")])) }

    /// For people and models: one line of UTF-8, whatever the names are.
    var text: String { FilePath.shown(bytes) }

    /// The same from the root of the file system.
    var absoluteText: String { "/" + text }

    /// A name on one line: control characters are written as escapes, and what is not UTF-8 becomes U+FFFD.
    static func shown(_ name: [UInt8]) -> String {
        let text = String(decoding: name, as: UTF8.self)
        if !name.contains(where: { $0 < 0x20 || $0 == 0x7F }) { return text }
        return text.unicodeScalars.reduce(into: "") { shown, scalar in
            switch scalar {
            case "\n": shown += "\\n"
            case "\r": shown += "\\r"
            case "\t": shown += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                shown += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: shown.unicodeScalars.append(scalar)
            }
        }
    }
}

/// The path of what is there, without links and dots; `nil` when there is nothing.
func canonicalPath(_ path: String) -> FilePath? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return FilePath(
        splitting: UnsafeBufferPointer(start: resolved, count: strlen(resolved)).map { UInt8(bitPattern: $0) })
}
