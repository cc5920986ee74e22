/// The keys that end a viewing: one, or several pressed in a row.
public struct DetachKey: Equatable, Sendable {
    public var bytes: [UInt8]
    /// As a person reads it: `Ctrl-\ Ctrl-\`.
    public var label: String

    /// Ctrl-\ twice. Once is left to the program, which may mean SIGQUIT by it.
    public static let standard = DetachKey(bytes: [0x1C, 0x1C], label: "Ctrl-\\ Ctrl-\\")

    private init(bytes: [UInt8], label: String) {
        self.bytes = bytes
        self.label = label
    }

    /// Reads `Ctrl-\ Ctrl-\`, `C-p C-q`, `^]` or `C-b d`. `nil` when it is none of these, or would take plain typing.
    public init?(parsing text: String) {
        var bytes: [UInt8] = []
        var labels: [String] = []
        for word in text.split(separator: " ") {
            let characters = Array(word)
            let lowered = word.lowercased()
            var control: Character?
            if lowered.hasPrefix("ctrl-") || lowered.hasPrefix("ctrl+") {
                control = characters.count == 6 ? characters[5] : nil
            } else if lowered.hasPrefix("c-") && characters.count == 3 {
                control = characters[2]
            } else if characters.count == 2 && characters[0] == "^" {
                control = characters[1]
            }
            if let control {
                guard let code = Character(control.uppercased()).asciiValue, (0x40...0x5F) ~= code else { return nil }
                bytes.append(code & 0x1F)
                labels.append("Ctrl-\(control.lowercased())")
            } else if characters.count == 1, let code = characters[0].asciiValue {
                bytes.append(code)
                labels.append(String(word))
            } else {
                return nil
            }
        }
        guard let first = bytes.first, first < 0x20 else { return nil }
        self.init(bytes: bytes, label: labels.joined(separator: " "))
    }
}

/// Looks for the detach key in what is typed, and holds back what may become it.
public struct DetachKeyWatcher: Equatable, Sendable {
    public enum Outcome: Equatable, Sendable {
        /// To be sent on. `isHolding` asks for `timedOut()` when nothing follows soon.
        case typed([UInt8], isHolding: Bool)
        /// To be sent on, and then the viewing ends.
        case detached([UInt8])
    }

    private let key: [UInt8]
    private var matched = 0

    public init(_ key: DetachKey) {
        self.key = key.bytes
    }

    public mutating func feed(_ bytes: [UInt8]) -> Outcome {
        var passed: [UInt8] = []
        for byte in bytes {
            while byte != key[matched], matched > 0 {
                // Falls back to the longest end of what was held that may still begin the key.
                let shorter = longestBorder(of: matched)
                passed += key[..<(matched - shorter)]
                matched = shorter
            }
            if byte == key[matched] {
                matched += 1
                if matched == key.count {
                    matched = 0
                    return .detached(passed)
                }
            } else {
                passed.append(byte)
            }
        }
        return .typed(passed, isHolding: matched > 0)
    }

    /// Nothing followed: what was held was meant for the program.
    public mutating func timedOut() -> [UInt8] {
        defer { matched = 0 }
        return Array(key[..<matched])
    }

    private func longestBorder(of count: Int) -> Int {
        for length in stride(from: count - 1, to: 0, by: -1)
        where key[..<length].elementsEqual(key[(count - length)..<count]) {
            return length
        }
        return 0
    }
}
