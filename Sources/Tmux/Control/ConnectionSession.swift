/// On which session a connection may hang without anybody noticing (see ``ControlConnection``).
struct ConnectionSession: Equatable, Sendable {
    /// tmux's own name, `$3`.
    var id: String

    /// What to list of sessions. Names of options stand for their values.
    static let format =
        "#{session_activity} #{session_attached} #{destroy-unattached} #{focus-events} #{exit-unattached} #{session_id}"

    /// The best session of those listed, or `nil` when none is fit.
    ///
    /// Attaching makes a session the most recently used one, which `tmux attach` chooses: so it is the one that is that
    /// already. A session or server that ends when its last client leaves would end with us, and with `focus-events` a
    /// program would believe that somebody looks at it.
    init?(listed answer: [UInt8]) {
        var best: (activity: Int, attached: Int, endsWithUs: Bool, id: String)?
        for row in answer.split(separator: UInt8(ascii: "\n")) {
            var fields = Fields(row)
            guard let activity = fields.number(), let attached = fields.number(), let destroyUnattached = fields.text(),
                let focusEvents = fields.number(), let exitUnattached = fields.number(), let id = fields.text(),
                fields.isAtEnd, focusEvents == 0, exitUnattached == 0
            else { return nil }
            if let best, (best.activity, best.attached) >= (activity, attached) { continue }
            best = (activity, attached, destroyUnattached != "0" && destroyUnattached != "off", id)
        }
        guard let best, !best.endsWithUs else { return nil }
        id = best.id
    }

    /// Whether hooks would tell somebody that a client came or went, by the answer to `show-hooks`: a line for each hook,
    /// with an index and a command only where one is set.
    static func hasClientHooks(_ answer: [UInt8]) -> Bool {
        answer.split(separator: UInt8(ascii: "\n")).contains { row in
            row.starts(with: "client-".utf8) && row.contains(UInt8(ascii: "["))
        }
    }
}
