import Fleet
import Reactor

/// Counts what happens, for `/metrics` (control-plane §9.2, with our prefix).
@Loop
final class HubMetrics {
    var chunksShown = 0
    var eventsShown: [String: Int] = [:]
    var emissions: [String: Int] = [:]
    var joins: [String: [String: Int]] = [:]
    var socketConnects = 0
    var socketDisconnects: [String: Int] = [:]
    var ignoredEvents = 0
    var pings: [String: Int] = [:]
    var requests: [String: Int] = [:]
    var sessionsStarted: [String: Int] = [:]
    var sessionsEnded: [String: Int] = [:]

    func shown(_ event: JournalEvent) {
        eventsShown[event.type, default: 0] += 1
        switch event.body {
        case .sessionCreated(let created): sessionsStarted[created.config.providerID.rawValue, default: 0] += 1
        case .runner(.sessionEnded(let end)): sessionsEnded[end.finalState.rawValue, default: 0] += 1
        default: break
        }
    }

    func emitted(_ event: String) { emissions[event, default: 0] += 1 }
    func joined(_ room: String, _ result: String) { joins[room, default: [:]][result, default: 0] += 1 }

    /// The Prometheus text format 0.0.4.
    func text(fleet: FleetState, sockets: Int, readers: Int) -> String {
        var text = ""
        func family(_ name: String, _ type: String, _ help: String, _ samples: [(labels: String, value: Int)]) {
            text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
            for sample in samples.sorted(by: { $0.labels < $1.labels }) {
                text += "\(name)\(sample.labels.isEmpty ? "" : "{\(sample.labels)}") \(sample.value)\n"
            }
        }
        func by(_ label: String, _ counts: [String: Int]) -> [(labels: String, value: Int)] {
            counts.map { ("\(label)=\"\($0.key)\"", $0.value) }
        }
        family("drover_ws_connections", "gauge", "Connected Socket.IO sockets.", [("", sockets)])
        family("drover_ws_connects_total", "counter", "Sockets that connected.", [("", socketConnects)])
        family("drover_ws_disconnects_total", "counter", "Sockets that went.", by("reason", socketDisconnects))
        family(
            "drover_ws_joins_total", "counter", "Rooms that were asked for.",
            joins.flatMap { room, results in results.map { ("room=\"\(room)\",result=\"\($0.key)\"", $0.value) } })
        family("drover_ws_pings_total", "counter", "Round trips asked for.", by("result", pings))
        family("drover_ws_events_emitted_total", "counter", "Events sent to rooms.", by("event", emissions))
        var runnerEvents = eventsShown
        runnerEvents[RunnerEvent.Kind.terminalChunk.rawValue] = chunksShown
        family("drover_runner_events_total", "counter", "Events of sessions.", by("type", runnerEvents))
        var states: [String: Int] = [:]
        for view in fleet.sessions.values { states[view.state.rawValue, default: 0] += 1 }
        family("drover_sessions", "gauge", "Sessions by state.", by("state", states))
        family("drover_sessions_started_total", "counter", "Sessions admitted.", by("provider", sessionsStarted))
        family("drover_sessions_ended_total", "counter", "Sessions ended.", by("final_state", sessionsEnded))
        family("drover_event_streams", "gauge", "Readers of the event stream.", [("", readers)])
        family("drover_http_requests_total", "counter", "Requests by route.", by("route", requests))
        return text
    }
}
