import Bytes
import Fleet
import Testing

@Suite struct EventRedactionTests {
    private let redactor = SecretRedactor(values: ["swordfish-9000"])

    @Test func `no text of an event keeps a secret`() {
        let secret = "use swordfish-9000"
        let context: JSONObject = ["a": [.string(secret)], "password": "hunter2hunter2", "n": 1]
        var approval = Samples.approval
        approval.summary = secret
        approval.context = context
        let bodies: [RunnerEvent.Body] = [
            .sessionStateChanged(StateChange(from: .running, to: .failed, reason: secret)),
            .testRunStarted(TestRunStart(command: "npm test -- \(secret)")),
            .approvalRequested(approval),
            .approvalResolved(ApprovalResolution(approvalID: "a", decision: .allow, note: secret)),
            .alertRaised(
                Alert(
                    alertID: "a", severity: .info, category: .policy, title: secret, description: secret,
                    context: context)),
        ]
        for body in bodies {
            let text = body.redacted(by: redactor).payload.text
            #expect(!text.contains("swordfish"))
            #expect(!text.contains("hunter2"))
            #expect(text.contains("swor**********"))
        }
    }

    @Test(arguments: Samples.bodies)
    func `what has no secrets stays as it is`(body: RunnerEvent.Body) {
        #expect(body.redacted(by: redactor) == body)
    }
}
