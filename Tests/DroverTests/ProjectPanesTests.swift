import Fleet
import Testing

@testable import drover

@Suite struct ProjectPanesTests {
    private func panes(_ lines: String...) -> [String] {
        ProjectPanes(listed: lines.joined(separator: "\n"), of: "my work: a.b", in: "/src/web").addresses
            .map(\.description)
    }

    @Test func `those in the project, what is seen first before the others`() {
        #expect(
            panes("00 0.0 /src/web", "01 1.0 /src/web/app", "11 2.1 /src/web", "10 2.0 /src/web", "11 3.0 /src/website")
                == ["my work: a.b:2.1", "my work: a.b:2.0", "my work: a.b:1.0", "my work: a.b:0.0"])
    }

    @Test func `what makes no sense is passed over`() {
        #expect(panes("", "11", "11 x /src/web", "11 0.0", "11 0.0 /src") == [])
        #expect(panes("11 0.0 /src/web/with a space") == ["my work: a.b:0.0"])
    }
}
