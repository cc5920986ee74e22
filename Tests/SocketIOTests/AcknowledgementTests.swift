import Bytes
import Testing

@testable import SocketIO

@Suite struct AcknowledgementTests {
    @Test func `gives the answer of the client`() throws {
        let stage = Stage()
        var socket: Socket?
        stage.io.root.onConnection = { socket = $0 }
        let client = stage.client()
        var results: [Result<SocketArguments, AcknowledgementError>] = []
        try #require(socket).emit("question", [1], timeout: .seconds(2)) { results.append($0) }
        #expect(client.taken() == [#"420["question",1]"#])
        client.send(#"430["answer",2]"#)
        #expect(results == [.success(["answer", 2])])
        // A second answer, and one to nothing, are passed over.
        client.send(#"430["again"]"#)
        client.send(#"4377[]"#)
        client.send("43[]")
        #expect(results.count == 1)
        #expect(!client.isClosed)
        try #require(socket).emit("next", timeout: nil) { results.append($0) }
        #expect(client.taken() == [#"421["next"]"#])
    }

    @Test func `gives up in time`() throws {
        let stage = Stage()
        var socket: Socket?
        stage.io.root.onConnection = { socket = $0 }
        let client = stage.client()
        var results: [Result<SocketArguments, AcknowledgementError>] = []
        try #require(socket).emit("server_ping", timeout: .milliseconds(2_000)) { results.append($0) }
        try #require(socket).emit("server_ping", timeout: .milliseconds(1_000)) { results.append($0) }
        stage.host.pass(.milliseconds(999))
        #expect(results.isEmpty)
        stage.host.pass(.milliseconds(1))
        #expect(results == [.failure(.timedOut)])
        client.send("430[]")
        #expect(results == [.failure(.timedOut), .success([])])
        client.send("431[]")
        #expect(results.count == 2)
    }

    @Test func `gives up when the socket goes`() throws {
        let stage = Stage()
        var socket: Socket?
        stage.io.root.onConnection = { socket = $0 }
        let client = stage.client()
        var results: [Result<SocketArguments, AcknowledgementError>] = []
        try #require(socket).emit("a", timeout: .seconds(2)) { results.append($0) }
        try #require(socket).emit("b", timeout: nil) { results.append($0) }
        client.hangUp()
        #expect(results == [.failure(.disconnected), .failure(.disconnected)])
        try #require(socket).emit("c", timeout: nil) { results.append($0) }
        #expect(results.last == .failure(.disconnected))
        #expect(stage.host.engine.nextDeadline == nil)
    }

    @Test func `collects the answers to a broadcast`() {
        let stage = Stage()
        let clients = (0..<3).map { _ in stage.client() }
        var answers: [BroadcastAnswer] = []
        stage.io.root.everyone.emit("q", ["x"], timeout: .seconds(1)) { answers.append($0) }
        for client in clients { #expect(client.taken() == [#"420["q","x"]"#]) }
        clients[0].send(#"430[0]"#)
        clients[1].send(#"430[1]"#)
        #expect(answers.isEmpty)
        clients[2].send(#"430[2]"#)
        #expect(answers == [BroadcastAnswer(responses: [[0], [1], [2]])])

        stage.io.root.everyone.emit("q", timeout: .seconds(1)) { answers.append($0) }
        clients[0].send("431[]")
        clients[1].hangUp()
        stage.host.pass(.seconds(1))
        #expect(answers.last == BroadcastAnswer(responses: [[]], missing: 2))
        clients[2].send("431[]")
        #expect(answers.count == 2)

        stage.io.root.to("nobody").emit("q", timeout: .seconds(1)) { answers.append($0) }
        #expect(answers.last == BroadcastAnswer())
    }
}
