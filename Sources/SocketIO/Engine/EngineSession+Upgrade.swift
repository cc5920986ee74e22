/// A WebSocket connection that is being tried for a polling session.
final class EngineUpgrade: HeapedDeadline {
    let link: any EngineLink
    private let session: EngineSession
    var hasProbed = false

    init(link: any EngineLink, session: EngineSession) {
        self.link = link
        self.session = session
    }

    override func expire(at now: Instant) {
        session.abandonUpgrade()
    }
}

extension EngineSession {
    /// Starts to try a WebSocket connection. One that comes too late, or second, is closed.
    func beginUpgrade(to link: any EngineLink) {
        guard polling != nil, upgrade == nil, state == .open || state == .closing else {
            return link.close(code: 1000, reason: "")
        }
        let upgrade = EngineUpgrade(link: link, session: self)
        self.upgrade = upgrade
        server.timers.add(upgrade, deadline: server.now + server.options.upgradeTimeout)
    }

    func receivedProbe(_ text: [UInt8], _ upgrade: EngineUpgrade) {
        if text == Array("2probe".utf8) {
            upgrade.hasProbed = true
            upgrade.link.send(EngineMessage(.pong, Array("probe".utf8)).frames)
            // The client upgrades once its poll has come back.
            polling?.release(with: .noop)
        } else if text.first == EnginePacketType.upgrade.rawValue, upgrade.hasProbed {
            completeUpgrade(to: upgrade.link)
        } else {
            abandonUpgrade()
        }
    }

    private func completeUpgrade(to link: any EngineLink) {
        if let upgrade { server.timers.remove(upgrade) }
        upgrade = nil
        let buffered = polling?.takeBuffered() ?? []
        polling?.release(with: .noop)
        polling = nil
        self.link = link
        for message in buffered { link.send(message.frames) }
        if state == .closing { return end(.forcedClose) }
        server.application?.upgraded(self)
    }

    /// Gives up on the connection that was tried; polling goes on.
    func abandonUpgrade() {
        guard let upgrade else { return }
        self.upgrade = nil
        server.timers.remove(upgrade)
        upgrade.link.close(code: 1000, reason: "")
    }
}
