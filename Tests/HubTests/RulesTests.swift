import Bytes
import Fleet
import Testing

@testable import Hub

@Suite struct OriginRulesTests {
    private let rules = OriginRules(hosts: ["Drover.example"], allowedOrigins: ["https://Friend.example"])

    @Test(arguments: [
        ("localhost", true), ("localhost:4000", true), ("LOCALHOST:4000", true), ("127.0.0.1", true),
        ("127.0.0.1:80", true), ("[::1]", true), ("[::1]:4000", true), ("drover.example", true),
        ("DROVER.example:443", true), ("evil.example", false), ("localhost.evil.example", false),
        ("evil-localhost", false), ("127.0.0.1.evil.example", false), ("[::1]evil.example", false),
        ("[::2]", false), ("[::1", false), ("::1", false), ("", false), (":4000", false), ("0.0.0.0", false),
    ])
    func `only hosts that are ours may be addressed`(host: String, isOurs: Bool) {
        let judgement = rules.judge(host: host, origin: nil, fetchSite: nil, isRead: true, isUpgrade: false)
        #expect(judgement == (isOurs ? .allowed(foreignOrigin: nil) : .foreignHost))
    }

    @Test func `a request without a host is from nobody we know`() {
        #expect(rules.judge(host: nil, origin: nil, fetchSite: nil, isRead: true, isUpgrade: false) == .foreignHost)
    }

    @Test(arguments: [
        ("http://localhost:4000", OriginRules.Judgement.allowed(foreignOrigin: nil)),
        ("https://localhost:4000", .allowed(foreignOrigin: nil)),
        ("HTTP://LOCALHOST:4000", .allowed(foreignOrigin: nil)),
        ("https://friend.example", .allowed(foreignOrigin: "https://friend.example")),
        ("http://localhost:5000", .foreignOrigin),
        ("http://localhost", .foreignOrigin),
        ("http://127.0.0.1:4000", .foreignOrigin),
        ("https://evil.example", .foreignOrigin),
        ("http://localhost:4000.evil.example", .foreignOrigin),
        ("http://friend.example", .foreignOrigin),
        ("https://friend.example.evil.example", .foreignOrigin),
        ("null", .foreignOrigin),
        ("", .foreignOrigin),
    ])
    func `an origin is ours, a friend's or a stranger's`(origin: String, expected: OriginRules.Judgement) {
        for isRead in [true, false] {
            let judged = rules.judge(
                host: "localhost:4000", origin: origin, fetchSite: "cross-site", isRead: isRead, isUpgrade: false)
            #expect(judged == expected)
        }
    }

    @Test(
        arguments: [
            (nil, false, false, true), ("same-origin", false, false, true), ("none", false, false, true),
            ("same-site", false, false, true), ("cross-site", true, false, true), ("cross-site", false, false, false),
            ("cross-site", true, true, false),
        ] as [(String?, Bool, Bool, Bool)])
    func `a stranger's page that names no origin may look, and no more`(
        site: String?, isRead: Bool, isUpgrade: Bool, isAllowed: Bool
    ) {
        let judged = rules.judge(host: "localhost", origin: nil, fetchSite: site, isRead: isRead, isUpgrade: isUpgrade)
        #expect(judged == (isAllowed ? .allowed(foreignOrigin: nil) : .foreignOrigin))
    }
}

@Suite struct PublicationTests {
    private func fact(_ id: EventID) -> JournalEvent {
        JournalEvent(
            id: id, at: Timestamp(milliseconds: 1), sessionID: "s",
            body: .terminalResized(TerminalSize(columns: 1, rows: 1)))
    }
    private func chunk(_ sequence: Int) -> RunnerEvent {
        RunnerEvent(
            sessionID: "s", orgID: "o", timestamp: Timestamp(milliseconds: 1), sequence: sequence,
            body: .terminalChunk(TerminalChunk(data: "\(sequence)")))
    }
    /// Facts as their id and row, chunks as their number.
    private func words(_ items: [Publication.Item]) -> [String] {
        items.map { item in
            switch item {
            case .fact(let event): "\(event.id)@\(event.rowid)"
            case .chunk(let chunk): "\(chunk.sequence)"
            case .answer: "answer"
            }
        }
    }

    @Test func `chunks go at once while nothing is before them`() {
        var publication = Publication()
        #expect(publication.took(chunk(1))?.sequence == 1)
        #expect(publication.took(chunk(2))?.sequence == 2)
        #expect(publication.isEmpty)
    }

    @Test func `a chunk waits for the facts before it, and the next fact for its own commit`() {
        var publication = Publication()
        publication.sent(fact("a"))
        #expect(publication.took(chunk(1)) == nil)
        publication.sent(fact("b"))
        publication.sent(fact("c"))
        #expect(publication.took(chunk(2)) == nil)
        #expect(publication.took(chunk(3)) == nil)
        #expect(words(publication.committed(rowid: 7)) == ["a@7", "1"])
        #expect(words(publication.committed(rowid: 8)) == ["b@8"])
        #expect(publication.took(chunk(4)) == nil)
        #expect(words(publication.committed(rowid: 12)) == ["c@12", "2", "3", "4"])
        #expect(publication.isEmpty)
        #expect(publication.took(chunk(5))?.sequence == 5)
    }

    @Test func `an answer waits for the facts before it`() {
        var publication = Publication()
        #expect(publication.took({}) != nil)
        publication.sent(fact("a"))
        #expect(publication.took({}) == nil)
        publication.sent(fact("b"))
        #expect(words(publication.committed(rowid: 1)) == ["a@1", "answer"])
        #expect(words(publication.committed(rowid: 2)) == ["b@2"])
    }

    @Test func `a fact that is lost is not shown, and what waited for it is`() {
        var publication = Publication()
        publication.sent(fact("a"))
        #expect(publication.took(chunk(1)) == nil)
        publication.sent(fact("b"))
        #expect(words(publication.committed(rowid: nil)) == ["1"])
        #expect(words(publication.committed(rowid: 2)) == ["b@2"])
        #expect(words(publication.committed(rowid: 3)) == [])
    }
}
