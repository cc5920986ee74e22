import Bytes

/// A pane of tmux by position: `<session>:<window>.<pane>` (runtime-rpc §3.2).
///
/// Positions move when panes close; who wants to stay with one pane remembers its ``PaneID``.
public struct PaneAddress: Hashable, Sendable, CustomStringConvertible {
    /// Not empty; may hold spaces, dots and colons.
    public var session: String
    public var window: UInt32
    public var pane: UInt32

    public init(session: String, window: UInt32, pane: UInt32) {
        self.session = session
        self.window = window
        self.pane = pane
    }

    /// Reads an address: split at the last colon, then at the first dot after it. Indexes may have a `+` and leading zeros.
    public init?(_ text: String) {
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")), colon != text.utf8.startIndex else { return nil }
        let rest = text.utf8[text.utf8.index(after: colon)...]
        guard let dot = rest.firstIndex(of: UInt8(ascii: ".")), let window = Self.index(rest[..<dot]),
            let pane = Self.index(rest[rest.index(after: dot)...])
        else { return nil }
        self.init(session: String(text[..<colon]), window: window, pane: pane)
    }

    private static func index(_ digits: Substring.UTF8View) -> UInt32? {
        var digits = digits
        if digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
        guard !digits.isEmpty else { return nil }
        var value: UInt32 = 0
        for digit in digits {
            guard case let number = digit &- UInt8(ascii: "0"), number < 10 else { return nil }
            let (tens, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflows) = tens.addingReportingOverflow(UInt32(number))
            if isTooLarge || overflows { return nil }
            value = sum
        }
        return value
    }

    public var description: String { "\(session):\(window).\(pane)" }
}

/// tmux's own name of a pane, `%12`: it stays while the pane lives, wherever the pane moves.
public struct PaneID: TextID {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// Which pane a ``PaneID`` means: each server of tmux gives the same ones, and each pane can be given another program.
public struct PanePlacement: Hashable, Sendable {
    /// The server's pid and start, as one word.
    public var server: String
    /// The process that was started in the pane.
    public var pid: UInt32

    public init(server: String, pid: UInt32) {
        self.server = server
        self.pid = pid
    }
}

/// Where a runtime is launched.
public enum RuntimeTarget: Hashable, Sendable {
    /// Without a terminal; its output goes to log files.
    case headless
    /// In a pane that exists.
    case tmux(PaneAddress)

    public var pane: PaneAddress? {
        if case .tmux(let pane) = self { return pane }
        return nil
    }
}

extension RuntimeTarget: CustomStringConvertible {
    /// `headless`, or `tmux:` and the address.
    public var description: String {
        switch self {
        case .headless: return "headless"
        case .tmux(let pane): return "tmux:\(pane)"
        }
    }
}

/// What became of reading a target (runtime-rpc §3.2).
public enum RuntimeTargetParsing: Equatable, Sendable {
    case target(RuntimeTarget)
    /// It names a kind of place that is not known here.
    case unsupported
    case invalid

    public init(_ text: String) {
        if text == "headless" {
            self = .target(.headless)
            return
        }
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), colon != text.utf8.startIndex else {
            self = .invalid
            return
        }
        guard text[..<colon] == "tmux" else {
            self = .unsupported
            return
        }
        let address = PaneAddress(String(text[text.utf8.index(after: colon)...]))
        self = address.map { .target(.tmux($0)) } ?? .invalid
    }
}

extension RuntimeTarget: JSONShape {
    public init(json: JSON) throws(FieldError) {
        guard case .string(let text) = json else { throw FieldError(message: "must be a string") }
        guard case .target(let target) = RuntimeTargetParsing(text) else {
            throw FieldError(message: "must be headless or tmux:<session>:<window>.<pane>")
        }
        self = target
    }

    public var json: JSON { .string(description) }
}
