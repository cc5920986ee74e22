import Bytes
import Settings

/// Keys and values of the configuration as people type and read them.
enum ConfigurationWords {
    /// The path that a dotted key means in that configuration.
    static func path(_ key: String, in document: ConfigurationDocument) throws(CommandFailure) -> [String] {
        let path = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        let isOpen = path.count > 1 && openSections.contains(path[0])
        if ConfigurationKey(rawValue: key) != nil || isOpen || document.value(at: path) != nil { return path }
        var hints = ["See which there are: drover config keys"]
        if let near = closest(to: key, among: ConfigurationKey.allCases.map(\.rawValue)) {
            hints.insert("Did you mean \(near)?", at: 0)
        }
        throw CommandFailure("There is no key \"\(key)\".", hints: hints, exit: .usage)
    }

    /// Sections with names of the user's own, and those of other parts of Drover.
    private static let openSections = [ConfigurationKey.toolServers.rawValue, "launchers", "storage"]

    /// A typed word as the value of that key. Nothing at all unsets it.
    static func value(_ text: String, for path: [String]) throws(CommandFailure) -> JSON {
        let name = path.joined(separator: ".")
        guard !text.isEmpty else { return .null }
        func refusal(_ wanted: String) -> CommandFailure {
            CommandFailure("\(name) takes \(wanted), and not \"\(text)\".", exit: .usage)
        }
        guard let key = ConfigurationKey(rawValue: name) else { return (try? JSON(parsing: text)) ?? .string(text) }
        switch key.form {
        case .text: return .string(text)
        case .flag:
            switch text.lowercased() {
            case "true", "yes", "on": return true
            case "false", "no", "off": return false
            default: throw refusal("true or false")
            }
        case .whole:
            guard let number = Int64(text) else { throw refusal("a whole number") }
            return .integer(number)
        case .number:
            guard let number = Double(text), number.isFinite else { throw refusal("a number") }
            return .number(number)
        case .texts:
            if text.hasPrefix("[") {
                guard let list = try? JSON(parsing: text), list.array != nil else { throw refusal("a list of texts") }
                return list
            }
            return .strings(text.split(separator: ",").map { String($0.drop { $0 == " " }) })
        case .servers:
            guard let object = try? JSON(parsing: text), object.object != nil else {
                throw refusal("JSON like {\"NAME\": {\"command\": \"…\"}}")
            }
            return object
        }
    }

    /// A value on one line, as it could be typed.
    static func text(_ value: JSON) -> String { value.string ?? value.text }

    static func form(of key: ConfigurationKey) -> String {
        switch key.form {
        case .text: return "text"
        case .flag: return "true or false"
        case .whole(_, let range):
            return range.upperBound >= UInt64(UInt32.max)
                ? "number from \(range.lowerBound)" : "number, \(range.lowerBound) to \(range.upperBound)"
        case .number(let range):
            return "number, \(JSON.number(range.lowerBound).text) to \(JSON.number(range.upperBound).text)"
        case .texts: return "list, with commas"
        case .servers: return "JSON"
        }
    }
}

/// What becomes of the configuration, leaf by leaf.
struct ConfigurationChanges {
    let old: ConfigurationDocument
    let new: ConfigurationDocument
    /// Dotted keys.
    let keys: [String]

    init(from old: ConfigurationDocument, to new: ConfigurationDocument) {
        self.old = old
        self.new = new
        keys = new.differences(from: old)
    }

    var needingRestart: [String] { keys.filter(ConfigurationFile.needsRestart) }

    func show(on console: Console, revealing: Bool) {
        let arrow = console.isUTF8 ? "→" : "->"
        let before = Dictionary(old.leaves.map { ($0.path, $0.value) }, uniquingKeysWith: { $1 })
        let after = Dictionary(new.leaves.map { ($0.path, $0.value) }, uniquingKeysWith: { $1 })
        for key in keys {
            let path = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            func shown(_ value: JSON?) -> String {
                guard let value else { return "not set" }
                return SecretMask.covers(path) && !revealing ? SecretMask.marker : harmless(value.text)
            }
            console.print(
                "\(harmless(key)): \(console.styled(shown(before[key]), .bad)) \(arrow) "
                    + console.styled(shown(after[key]), .good))
        }
    }
}
