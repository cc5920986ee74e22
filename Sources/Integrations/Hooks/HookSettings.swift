import Bytes

/// The text of an agent's settings, with our hooks put in or taken out.
///
/// Everything else keeps its bytes: other settings, order, comments where the agent allows them, indentation, line ends.
public struct HookSettings: Sendable {
    public typealias Failure = JSONText.Failure

    let agent: WatchedAgent
    private(set) var text: JSONText

    /// An empty text stands for settings that are not there yet.
    public init(_ bytes: [UInt8], of agent: WatchedAgent) throws(Failure) {
        self.agent = agent
        let isBlank = bytes.allSatisfy { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
        text = try JSONText(isBlank ? Array("{}\n".utf8) : bytes, dialect: Self.dialect(of: agent))
        guard let members = text.root.members else { throw Failure(line: 1, reason: "an object is expected") }
        let places = members.filter { $0.name == "hooks" }
        if places.count > 1 { throw failure(places[1].nameRange.lowerBound, "\"hooks\" stands here a second time") }
        guard let hooks = places.first?.value else { return }
        guard let events = hooks.members else { throw failure(hooks.range.lowerBound, "\"hooks\" is not an object") }
        for event in events where event.value.elements == nil && registered.contains(event.name) {
            throw failure(event.value.range.lowerBound, "\"\(event.name)\" is not an array")
        }
    }

    /// Gemini CLI allows comments in its settings; the others read plain JSON.
    static func dialect(of agent: WatchedAgent) -> JSONText.Dialect { agent == .gemini ? .comments : .strict }

    public var bytes: [UInt8] { text.bytes }

    private var registered: [String] { HookRegistration(agent: agent, program: "drover-hook").events }
    private var hooks: JSONText.Node? { text.root["hooks"] }

    // MARK: - Entries

    /// An entry of ours: its event, and where it stands.
    struct Entry {
        var event: String
        var group: Int
        var handler: Int
        var command: HookCommand
    }

    /// All entries of ours, also for events that are no longer asked for.
    var entries: [Entry] {
        var entries: [Entry] = []
        for event in hooks?.members ?? [] {
            for (groupIndex, group) in (event.value.elements ?? []).enumerated() {
                for (index, handler) in (group["hooks"]?.elements ?? []).enumerated() {
                    guard let command = handler["command"]?.string.flatMap({ HookCommand(parsing: $0) }) else {
                        continue
                    }
                    entries.append(Entry(event: event.name, group: groupIndex, handler: index, command: command))
                }
            }
        }
        return entries
    }

    /// The programs that our entries name.
    public var programs: [String] {
        entries.map(\.command.program).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// The events that should have an entry and have none, or one that is not as it should be.
    public func broken(program: String) -> [String] {
        let registration = HookRegistration(agent: agent, program: program)
        return registration.events.filter { event in
            let own = entries.filter { $0.event == event }
            return own.count != 1 || !isRight(own[0], registration)
        }
    }

    /// Whether a setting of that name is `true`.
    public func isOn(_ name: String) -> Bool { text.root[name]?.literal == "true" }

    // MARK: - Changing

    /// Sees to it that each event has one entry that runs this program. A second time changes nothing.
    public mutating func install(program: String) throws(Failure) {
        let registration = HookRegistration(agent: agent, program: program)
        for event in registration.events {
            let own = entries.filter { $0.event == event }
            if let first = own.first, own.count == 1 {
                if isRight(first, registration) { continue }
                // In its place, when the group is as it should be.
                let group = node(of: first)
                if Self.matches(group, registration.matcher(of: event)),
                    let handler = group["hooks"]?.elements?[first.handler]
                {
                    try set(text.replacing(handler, with: .object(registration.handler(of: event))))
                    continue
                }
            }
            for entry in own.reversed() { try remove(entry, keeping: ["hooks", event]) }
            try append(registration.group(of: event), to: event)
        }
    }

    /// Takes our entries out, and the lists that are empty because of that. `original` tells which were so before.
    public mutating func uninstall(original: [UInt8]? = nil) throws(Failure) {
        var keeping: Set<String> = []
        if let original, let before = try? HookSettings(original, of: agent), let hooks = before.hooks {
            keeping = Set((hooks.members ?? []).map(\.name)).union(["hooks"])
        }
        // From the end, so that places stay what they are.
        for entry in entries.reversed() { try remove(entry, keeping: keeping) }
    }

    private mutating func append(_ group: JSON, to event: String) throws(Failure) {
        guard let hooks else {
            let hooks: JSON = .object(JSONObject([.init(key: event, value: .array([group]))]))
            return try set(text.adding(hooks, named: "hooks", to: text.root))
        }
        guard let groups = hooks[event] else {
            return try set(text.adding(.array([group]), named: event, to: hooks))
        }
        try set(text.adding(group, to: groups))
    }

    private mutating func remove(_ entry: Entry, keeping: Set<String>) throws(Failure) {
        let group = node(of: entry)
        guard let handlers = group["hooks"], let hooks, let groups = hooks[entry.event] else { return }
        if handlers.children.count > 1 { return try set(text.removing(childAt: entry.handler, of: handlers)) }
        if groups.children.count > 1 || keeping.contains(entry.event) {
            return try set(text.removing(childAt: entry.group, of: groups))
        }
        if hooks.children.count > 1 || keeping.contains("hooks") {
            guard let index = hooks.members?.lastIndex(where: { $0.name == entry.event }) else { return }
            return try set(text.removing(childAt: index, of: hooks))
        }
        guard let index = text.root.members?.lastIndex(where: { $0.name == "hooks" }) else { return }
        try set(text.removing(childAt: index, of: text.root))
    }

    private mutating func set(_ bytes: [UInt8]) throws(Failure) {
        text = try JSONText(bytes, dialect: Self.dialect(of: agent))
    }

    private func node(of entry: Entry) -> JSONText.Node { hooks![entry.event]!.elements![entry.group] }

    private func isRight(_ entry: Entry, _ registration: HookRegistration) -> Bool {
        let group = node(of: entry)
        guard let handler = group["hooks"]?.elements?[entry.handler],
            Self.matches(group, registration.matcher(of: entry.event)),
            let written = try? JSON(parsing: Array(text.bytes[handler.range]))
        else { return false }
        return written == .object(registration.handler(of: entry.event))
    }

    /// Whether a group is for the same tools. Without a matcher, or with an empty one, it is for all.
    private static func matches(_ group: JSONText.Node, _ matcher: String?) -> Bool {
        let written = group["matcher"]?.string ?? ""
        return written == matcher || ["", "*"].contains(written) && ["", "*"].contains(matcher ?? "")
    }

    private func failure(_ offset: Int, _ reason: String) -> Failure {
        Failure(line: text.line(of: offset), reason: reason)
    }
}
