/// The names under which models know the tools of servers: `server__tool`, of the characters and the length that all
/// providers take.
enum ToolServerNames {
    static let limit = 64

    /// A name that is not among those taken.
    static func name(of tool: String, server: String, taken: Set<String>) -> String {
        let plain = sanitized("\(server)__\(tool)")
        var name = String(plain.prefix(limit))
        var number = 2
        while taken.contains(name) {
            let suffix = "_\(number)"
            name = plain.prefix(limit - suffix.utf8.count) + suffix
            number += 1
        }
        return name
    }

    private static func sanitized(_ name: String) -> String {
        let bytes = name.utf8.map { byte in
            byte.isAlphanumeric || byte == UInt8(ascii: "-") ? byte : UInt8(ascii: "_")
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
