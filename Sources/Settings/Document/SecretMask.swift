import Bytes

/// Whether a client sees secrets (chat-runtime §4.11).
public enum SecretVisibility: Sendable {
    /// Only for a caller on this machine, where no token is configured.
    case clear
    case masked
}

/// How secrets are kept from those who may see the configuration and not them.
public enum SecretMask {
    /// Stands for a secret in what is shown; in what is applied it means the running value.
    public static let marker = "***REDACTED***"

    /// Whether the leaf at that path is one: all under `secrets`, the token of the server, variables of tool servers, and
    /// whatever else is called like one.
    public static func covers(_ path: [String]) -> Bool {
        if path.first == "secrets" { return true }
        if path.count >= 4, path[0] == ConfigurationKey.toolServers.rawValue, path[2] == "env" { return true }
        switch ConfigurationKey(rawValue: path.joined(separator: ".")) {
        case .serverAuthToken?, .telegramWebhookSecret?: return true
        case _?: return false
        case nil: return isTelling(path.last ?? "")
        }
    }

    /// Whether the name of a key says that its value is one (the list of §4.11).
    static func isTelling(_ name: String) -> Bool {
        let name = name.lowercased()
        return names.contains { name.contains($0) }
    }

    /// Whether an object somewhere in a list has such a key.
    static func hides(in value: JSON) -> Bool {
        switch value {
        case .array(let elements): return elements.contains(where: hides)
        case .object(let object):
            return object.members.contains { (isTelling($0.key) && !$0.value.isNull) || hides(in: $0.value) }
        case .null, .bool, .integer, .unsigned, .number, .string: return false
        }
    }

    static let names = ["api_key", "apikey", "secret", "token", "password", "authorization"]

    /// What may be shown of a text that is no configuration. It cannot be said where a secret ends in it, so everything
    /// after a telling name goes, up to the end of the line in which something follows, or of the section.
    static func masked(brokenText text: String) -> String {
        let bytes = Array(text.utf8)
        let small = bytes.map { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 ? $0 | 0x20 : $0 }
        var output: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if let section = sections.first(where: { small[index...].starts(with: $0) }) {
                output += section + Array(marker.utf8)
                index = bytes[index...].firstIndex(of: UInt8(ascii: "}")) ?? bytes.count
            } else if let name = tellingNames.first(where: { small[index...].starts(with: $0) }) {
                output += name + Array(marker.utf8)
                index = endOfValue(in: bytes, from: index + name.count)
            } else {
                output.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func endOfValue(in bytes: [UInt8], from start: Int) -> Int {
        let name = bytes[start...].prefix { $0.isNameByte }.endIndex
        let value = bytes[name...].firstIndex { !frame.contains($0) } ?? bytes.count
        return bytes[value...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
    }

    private static let tellingNames = names.map { Array($0.utf8) }
    /// Sections whose every leaf is secret.
    private static let sections = ["\"secrets\"", "\"env\""].map { Array($0.utf8) }
    /// What may stand between a name and its value.
    private static let frame = Set("\": \t\r\n{[".utf8)
}

extension UInt8 {
    fileprivate var isNameByte: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            return true
        default: return false
        }
    }
}

extension ConfigurationDocument {
    /// With the marker in place of every secret that is set.
    public func masked() -> ConfigurationDocument {
        mapping { path, value in
            if value.isNull || value == "" { return value }
            // Elements of a list cannot be told apart when it comes back changed, so it goes as a whole.
            return SecretMask.covers(path) || SecretMask.hides(in: value) ? .string(SecretMask.marker) : value
        }
    }

    /// With the values of another in place of the marker. What was not set there is unset.
    func restoringMasked(from other: ConfigurationDocument) throws(ConfigurationProblem) -> ConfigurationDocument {
        let restored = mapping { path, value in
            value == .string(SecretMask.marker) ? other.value(at: path) ?? .null : value
        }
        return try ConfigurationDocument(restored.json)
    }
}
