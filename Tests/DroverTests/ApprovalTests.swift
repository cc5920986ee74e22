import Bytes
import Testing

@testable import drover

@Suite struct ApprovalTests {
    private static func approval(_ id: String, _ session: String, _ summary: String) -> JSON {
        [
            "approvalId": .string(id), "sessionId": .string(session), "category": "shell", "summary": .string(summary),
            "risk": "high", "requestedAt": 999_940_000, "context": ["command": "rm -rf build"],
        ]
    }

    private func daemon() -> FakeDaemon {
        FakeDaemon { request in
            switch request.route {
            case "GET /api/fleet":
                Sample.fleet(
                    Sample.session(
                        "one", name: "one", state: "WAITING_FOR_APPROVAL", ["pendingApprovals": ["aaaa1111"]]),
                    Sample.session(
                        "two", name: "two", state: "WAITING_FOR_APPROVAL",
                        ["pendingApprovals": ["bbbb1111", "bbbb2222"]]),
                    Sample.web)
            case "GET /api/runner/sessions/one/approvals":
                .json(["items": [Self.approval("aaaa1111", "one", "Remove it")]])
            case "GET /api/runner/sessions/two/approvals":
                .json([
                    "items": [Self.approval("bbbb1111", "two", "First"), Self.approval("bbbb2222", "two", "Second")]
                ])
            case "GET /api/fleet/one": .json(Sample.session("one", name: "one", state: "WAITING_FOR_APPROVAL"))
            case "GET /api/fleet/two": .json(Sample.session("two", name: "two", state: "WAITING_FOR_APPROVAL"))
            case "GET /api/fleet/web": .json(Sample.web)
            case let route where route.hasPrefix("POST"): .json(["ok": true])
            default: .refusal(404, "SESSION_NOT_FOUND", "no such session")
            }
        }
    }

    @Test func `approvals tells all there is to know`() {
        let daemon = daemon()
        defer { daemon.stop() }
        let lines = Desk(daemon).type("approvals").lines
        #expect(lines[0] == "◆ aaaa1111  high risk  shell  one  1 min ago")
        #expect(lines[1] == "  Remove it")
        #expect(lines[2] == "  command: rm -rf build")
    }

    @Test func `approve takes the beginning of an id, or a session with one approval`() {
        for id in ["aaaa1111", "aaaa", "one"] {
            let daemon = daemon()
            defer { daemon.stop() }
            let answer = Desk(daemon).type("approve", id)
            #expect(answer.output == "Approved: Remove it (one)\n")
            #expect(daemon.requests.last?.line == "POST /api/runner/sessions/one/approvals/aaaa1111")
            #expect(daemon.requests.last?.body == ["decision": "allow"])
        }
    }

    @Test func `deny says why`() {
        let daemon = daemon()
        defer { daemon.stop() }
        #expect(Desk(daemon).type("deny", "bbbb2", "--note", "not today").output == "Denied: Second (two)\n")
        #expect(daemon.requests.last?.body == ["decision": "deny", "note": "not today"])
    }

    @Test(arguments: [
        ("bbbb", "Several approvals begin with bbbb.\nChoose one:\n"),
        ("two", "two waits for several decisions.\nChoose one:\n"),
        ("web", "web waits for no decision.\n"), ("nobody", "Nothing that waits, and no session, is called nobody.\n"),
    ])
    func `nothing is decided when it is not clear what`(id: String, remark: String) {
        let daemon = daemon()
        defer { daemon.stop() }
        let answer = Desk(daemon).type("approve", id)
        #expect(answer.exit == .failure)
        #expect(answer.remarks.hasPrefix(remark))
        #expect(!daemon.requests.contains { $0.line.hasPrefix("POST") })
    }
}
