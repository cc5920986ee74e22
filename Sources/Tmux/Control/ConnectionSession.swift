/// On which session a connection may hang without anybody noticing (see ``ControlConnection``).
struct ConnectionSession: Equatable, Sendable {
    /// tmux's own name, `$3`.
    var id: String

    /// What to list of sessions. Names of options stand for their values, and those of a window's for the current one's.
    static let format = [
        "#{session_activity} #{session_attached} #{destroy-unattached} #{focus-events} #{exit-unattached}",
        "#{window_bell_flag}#{window_activity_flag}#{window_silence_flag} #{session_id}",
    ].joined(separator: " ")

    private struct Candidate {
        var activity: Int
        var attached: Int
        /// It would go when we leave, or stay because we are there.
        var endsUnattached: Bool
        /// Its current window shows an alert, which attaching takes away.
        var isAlerted: Bool
        var id: String
    }

    /// The best session of those listed, or `nil` when none is fit.
    ///
    /// Attaching makes a session the most recently used one, which `tmux attach` chooses: so it is the one that is that
    /// already. Nobody may look at the others meanwhile if nobody looks at it: it keeps a bell from being shown. And with
    /// `focus-events` a program would believe that it is looked at.
    init?(listed answer: [UInt8]) {
        var best: Candidate?
        var isAnyAttached = false
        for row in answer.split(separator: UInt8(ascii: "\n")) {
            var fields = Fields(row)
            guard let activity = fields.number(), let attached = fields.number(), let destroyUnattached = fields.text(),
                let focusEvents = fields.number(), let exitUnattached = fields.number(), let alerts = fields.number(),
                let id = fields.text(), fields.isAtEnd, focusEvents == 0, exitUnattached == 0
            else { return nil }
            if attached > 0 { isAnyAttached = true }
            if let best, (best.activity, best.attached) >= (activity, attached) { continue }
            best = Candidate(
                activity: activity, attached: attached,
                endsUnattached: destroyUnattached != "0" && destroyUnattached != "off", isAlerted: alerts != 0, id: id)
        }
        guard let best, !best.endsUnattached else { return nil }
        if best.attached == 0, best.isAlerted || isAnyAttached { return nil }
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
