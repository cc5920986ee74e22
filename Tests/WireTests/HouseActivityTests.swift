import Bytes
import Fleet
import Testing

@testable import Wire

@Suite struct HouseActivityTests {
    private func at(_ milliseconds: Int64) -> Moment {
        Moment(wall: Timestamp(milliseconds: milliseconds), monotonic: MonotonicTime(milliseconds: milliseconds))
    }

    private func event(_ body: RunnerEvent.Body) -> RunnerEvent {
        RunnerEvent(
            sessionID: "s", orgID: "o", repoRef: .local(path: "/src/app", name: nil, defaultBranch: nil),
            timestamp: Timestamp(milliseconds: 0), sequence: 1, body: body)
    }

    private let write = RunnerEvent.Body.fileTouched(FileTouch(path: "a", reason: .write))

    private func indicators(_ emission: Emission?) throws -> JSON {
        let payload = try #require(emission).payload
        return try #require(JSON(parsing: payload)["indicators"])
    }

    @Test func `a written file turns the lights on, told once for all writes within fifty milliseconds`() throws {
        var houses = HouseActivity()
        houses.saw(event(write), of: "demo", at: at(0).monotonic)
        houses.saw(event(write), of: "demo", at: at(20).monotonic)
        #expect(houses.wake(at: at(49)).isEmpty)
        let told = houses.wake(at: at(50))
        #expect(told.count == 1)
        #expect(told.first?.rooms == ["repo:/src/app", "village:demo"])
        #expect(try indicators(told.first)["lights"] == ["active": true, "minRemainingMs": 2950])
        #expect(try JSON(parsing: told[0].payload)["version"] == 2)
    }

    @Test func `the lights go out ninety seconds after the last write`() throws {
        var houses = HouseActivity()
        houses.saw(event(write), of: "demo", at: at(0).monotonic)
        _ = houses.wake(at: at(50))
        houses.saw(event(write), of: "demo", at: at(10_000).monotonic)
        _ = houses.wake(at: at(10_050))
        #expect(houses.nextWake == at(100_000).monotonic)
        #expect(try indicators(houses.wake(at: at(100_000)).first)["lights"]?["active"] == false)
        #expect(houses.nextWake == nil)
    }

    @Test func `smoke shows how the tests ended before it goes, and is seen for five seconds at least`() throws {
        var houses = HouseActivity()
        houses.saw(event(.testRunStarted(TestRunStart(command: "make test"))), of: "demo", at: at(0).monotonic)
        #expect(try indicators(houses.wake(at: at(50)).first)["smoke"]?["status"] == "in_progress")
        let failed = TestRunFinish(exitCode: 1, passed: 0, failed: 1, skipped: 0, duration: 1)
        houses.saw(event(.testRunFinished(failed)), of: "demo", at: at(1000).monotonic)
        let told = try indicators(houses.wake(at: at(1050)).first)
        #expect(told["smoke"] == ["active": true, "status": "failed", "minRemainingMs": 3950])
        #expect(try indicators(houses.wake(at: at(5000)).first)["smoke"]?["active"] == false)
    }

    @Test func `whoever joins later is told what is known`() {
        var houses = HouseActivity()
        #expect(houses.snapshot(of: "/src/app", at: at(0)) == nil)
        houses.saw(event(write), of: "demo", at: at(0).monotonic)
        #expect(houses.snapshot(of: "/src/app", at: at(1))?["type"] == "house.activity")
    }
}
