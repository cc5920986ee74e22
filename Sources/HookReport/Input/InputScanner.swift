import Bytes

/// Picks the few fields that matter out of a hook's JSON while it streams by.
///
/// Memory stays small whatever passes: a tool's answer may be megabytes, and none of it is wanted. It is lenient on
/// purpose: what is torn, of an unexpected type or not quite JSON costs the field it stands in and no other, since a hook
/// that fails loses an event for good (daemon-ipc §9.1).
public struct InputScanner: Sendable {
    /// Longest text of one wanted value, in bytes. Longer ones are passed over.
    public static let valueLimit = 16_384

    /// The fields found so far.
    public private(set) var input = HookInput()
    /// Whether the object that was begun has ended.
    public private(set) var isComplete = false

    private enum Place: Equatable {
        case between
        case string
        case escape
    }

    private var place = Place.between
    private var depth = 0
    /// Whether the container at depth 2 is an object of which fields are wanted.
    private var isNested = false
    private var expectsName = false
    private var names = ["", ""]
    /// The text of a name or a wanted value while it arrives.
    private var captured: [UInt8] = []
    private var capture = Capture.none

    private enum Capture: Equatable {
        case none
        case name
        /// A value of the container at that depth.
        case value(depth: Int)
    }

    public init() {}

    /// Takes bytes in the order they come, cut anywhere.
    public mutating func feed(_ bytes: UnsafeBufferPointer<UInt8>) {
        var index = 0
        while index < bytes.count, !isComplete {
            // Most of what comes is text nobody asked for.
            if place == .string, capture == .none {
                while index < bytes.count, bytes[index] != UInt8(ascii: "\""), bytes[index] != UInt8(ascii: "\\") {
                    index += 1
                }
                if index == bytes.count { return }
            }
            take(bytes[index])
            index += 1
        }
    }

    public mutating func feed(_ bytes: [UInt8]) {
        bytes.withUnsafeBufferPointer { feed($0) }
    }

    // MARK: - One byte

    private mutating func take(_ byte: UInt8) {
        switch place {
        case .escape:
            keep(byte)
            place = .string
        case .string:
            if byte == UInt8(ascii: "\\") {
                keep(byte)
                place = .escape
            } else if byte == UInt8(ascii: "\"") {
                keep(byte)
                place = .between
                endOfString()
            } else if byte < 0x20 {
                // Not allowed there, and no reason to lose the event.
                keep(UInt8(ascii: " "))
            } else {
                keep(byte)
            }
        case .between: takeBetween(byte)
        }
    }

    private mutating func takeBetween(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""):
            if expectsName {
                captured.removeAll(keepingCapacity: true)
                capture = .name
            }
            keep(byte)
            place = .string
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            keep(byte)
            depth += 1
            let isObject = byte == UInt8(ascii: "{")
            // An array at the top has nothing for us.
            if depth == 1 && !isObject { isComplete = true }
            if depth == 2 { isNested = isObject && HookInput.nests(names[0]) }
            expectsName = namesAreRead
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            guard depth > 0 else { return }
            endOfValue(at: depth)
            depth -= 1
            if depth == 1 {
                isNested = false
                expectsName = false
            }
            keep(byte)
            endOfValue(at: depth)
            if depth == 0 { isComplete = true }
        case UInt8(ascii: ","):
            endOfValue(at: depth)
            if namesAreRead {
                expectsName = true
            } else {
                keep(byte)
            }
        case UInt8(ascii: ":"):
            if expectsName {
                expectsName = false
                if HookInput.isWanted(path) {
                    captured.removeAll(keepingCapacity: true)
                    capture = .value(depth: depth)
                    input.present.insert(path)
                }
            } else {
                keep(byte)
            }
        case 0x20, 0x09, 0x0A, 0x0D: break
        default: keep(byte)
        }
    }

    private var namesAreRead: Bool { depth == 1 || depth == 2 && isNested }
    private var path: String { depth == 1 ? names[0] : names[0] + "." + names[1] }

    private mutating func keep(_ byte: UInt8) {
        guard capture != .none else { return }
        guard captured.count < Self.valueLimit else {
            capture = .none
            return
        }
        captured.append(byte)
    }

    private mutating func endOfString() {
        switch capture {
        case .name:
            names[depth - 1] = value?.string ?? ""
            capture = .none
        case .value(depth: depth): endOfValue(at: depth)
        case .value, .none: break
        }
    }

    private mutating func endOfValue(at depth: Int) {
        guard capture == .value(depth: depth), !captured.isEmpty else { return }
        capture = .none
        if let value { input.fields[path] = value }
    }

    /// What was captured, if it is JSON once its text is made UTF-8.
    private var value: JSON? {
        if let value = try? JSON(parsing: captured) { return value }
        return try? JSON(parsing: Array(String(decoding: captured, as: UTF8.self).utf8))
    }
}
