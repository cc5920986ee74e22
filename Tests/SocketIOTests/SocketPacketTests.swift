import Bytes
import Testing

@testable import SocketIO

@Suite struct SocketPacketTests {
    private func read(_ text: String) throws(SocketPacketError) -> SocketPacket? {
        var decoder = SocketPacketDecoder()
        return try decoder.received(Array(text.utf8)[...])
    }

    @Test func `reads every type of packet`() throws {
        #expect(try read("0") == .connect(namespace: "/", auth: []))
        #expect(try read(#"0{"token":"a"}"#) == .connect(namespace: "/", auth: Array(#"{"token":"a"}"#.utf8)[...]))
        #expect(try read("0/admin,") == .connect(namespace: "/admin", auth: []))
        #expect(try read("0/admin") == .connect(namespace: "/admin", auth: []))
        #expect(try read(#"0/admin,{"a":1}"#) == .connect(namespace: "/admin", auth: Array(#"{"a":1}"#.utf8)[...]))
        #expect(try read("1") == .disconnect(namespace: "/"))
        #expect(try read("1/admin,") == .disconnect(namespace: "/admin"))
        #expect(try read(#"2["a"]"#) == .event(namespace: "/", name: "a", [], id: nil))
        #expect(try read(#"2["a",1,{}]"#) == .event(namespace: "/", name: "a", [1, [:]], id: nil))
        #expect(try read(#"212["a"]"#) == .event(namespace: "/", name: "a", [], id: 12))
        #expect(try read(#"2/b,7["a",null]"#) == .event(namespace: "/b", name: "a", [nil], id: 7))
        #expect(try read(#"2 [ "a" , 1 ] "#) == .event(namespace: "/", name: "a", [1], id: nil))
        #expect(try read(#"2["a\u0062"]"#) == .event(namespace: "/", name: "ab", [], id: nil))
        #expect(try read("2[12,3]") == .event(namespace: "/", name: "12", [3], id: nil))
        #expect(try read("30[]") == .ack(namespace: "/", [], id: 0))
        #expect(try read(#"3/b,456["x"]"#) == .ack(namespace: "/b", ["x"], id: 456))
        #expect(try read("35") == .ack(namespace: "/", [], id: 5))
        #expect(try read("4{}") == .connectError(namespace: "/"))
        #expect(try read(#"50-["a"]"#) == .event(namespace: "/", name: "a", [], id: nil))
    }

    @Test func `reads packets with bytes`() throws {
        var decoder = SocketPacketDecoder()
        let text = #"52-/b,9["a",{"x":{"_placeholder":true,"num":1}},{"_placeholder":true,"num":0}]"#
        #expect(try decoder.received(Array(text.utf8)[...]) == nil)
        #expect(try decoder.received(binary: [1]) == nil)
        guard case .event("/b", "a", let arguments, 9) = try decoder.received(binary: [2, 3]) else {
            Issue.record("an event was expected")
            return
        }
        #expect(arguments.attachments == [[1], [2, 3]])
        #expect(arguments.binary(1) == [1])
        #expect(arguments.binary(0) == nil)
        #expect(arguments.count == 2)

        #expect(try decoder.received(Array(#"61-3[{"_placeholder":true,"num":0}]"#.utf8)[...]) == nil)
        guard case .ack("/", let answer, 3) = try decoder.received(binary: []) else {
            Issue.record("an acknowledgement was expected")
            return
        }
        #expect(answer.binary(0) == [])
    }

    @Test(
        arguments: [
            ("", .empty), ("a", .unknownType(0x61)), ("7", .unknownType(0x37)), ("9[]", .unknownType(0x39)),
            ("0[]", .invalidPayload), ("0\"a\"", .invalidPayload), ("0{", nil), ("0{}x", nil),
            ("0null", .invalidPayload),
            ("1{}", .invalidPayload), ("1[]", .invalidPayload),
            ("2", .invalidPayload), ("2{}", .invalidPayload), ("2[]", .invalidPayload), ("2[{}]", .invalidPayload),
            ("2[null]", .invalidPayload), ("2[true]", .invalidPayload), ("2[[\"a\"]]", .invalidPayload),
            ("2[\"a\"", nil),
            ("2[\"a\",]", nil), ("2[\"a\"]x", nil), ("2x[\"a\"]", .invalidPayload), ("2 1[\"a\"]", .invalidPayload),
            ("2[\"connect\"]", .reservedEvent("connect")), ("2[\"disconnect\"]", .reservedEvent("disconnect")),
            ("2[\"connect_error\"]", .reservedEvent("connect_error")),
            ("2[\"disconnecting\"]", .reservedEvent("disconnecting")),
            ("2[\"newListener\"]", .reservedEvent("newListener")),
            ("2[\"removeListener\"]", .reservedEvent("removeListener")),
            ("2[\"\\u0063onnect\"]", .reservedEvent("connect")),
            ("299999999999999999999999[\"a\"]", .invalidID),
            ("3{}", .invalidPayload), ("31x", .invalidPayload),
            ("5[\"a\"]", .invalidAttachmentCount), ("5-[\"a\"]", .invalidAttachmentCount),
            ("5a-[\"a\"]", .invalidAttachmentCount), ("51[\"a\"]", .invalidAttachmentCount),
            ("5", .invalidAttachmentCount),
            ("5-1-[\"a\"]", .invalidAttachmentCount), ("51.5-[\"a\"]", .invalidAttachmentCount),
            ("565-[\"a\"]", .tooManyAttachments(limit: 64)), ("6[]", .invalidAttachmentCount),
        ] as [(String, SocketPacketError?)])
    func `refuses what is not a packet`(text: String, error: SocketPacketError?) {
        let thrown = #expect(throws: SocketPacketError.self) { try read(text) }
        if let error { #expect(thrown == error) }
    }

    @Test func `refuses text and bytes out of turn`() throws {
        #expect(throws: SocketPacketError.unexpectedBinary) {
            var decoder = SocketPacketDecoder()
            _ = try decoder.received(binary: [1])
        }
        #expect(throws: SocketPacketError.awaitingBinary) {
            var decoder = SocketPacketDecoder()
            _ = try decoder.received(Array(#"51-["a",{"_placeholder":true,"num":0}]"#.utf8)[...])
            _ = try decoder.received(Array(#"2["a"]"#.utf8)[...])
        }
    }

    @Test(arguments: [
        #"{"_placeholder":true,"num":1}"#, #"{"_placeholder":true,"num":-1}"#, #"{"_placeholder":true}"#,
        #"{"_placeholder":true,"num":"0"}"#, #"{"_placeholder":true,"num":0.5}"#,
        #"[{"deep":{"_placeholder":true,"num":9}}]"#,
    ])
    func `refuses placeholders that stand for nothing`(placeholder: String) {
        #expect(throws: SocketPacketError.invalidPlaceholder) {
            var decoder = SocketPacketDecoder()
            _ = try decoder.received(Array("51-[\"a\",\(placeholder)]".utf8)[...])
            _ = try decoder.received(binary: [1])
        }
    }

    @Test func `bounds the bytes of one packet`() {
        #expect(throws: SocketPacketError.tooLarge(limit: 100)) {
            var decoder = SocketPacketDecoder()
            let text = #"52-["a"]"#
            _ = try decoder.received(Array(text.utf8)[...])
            _ = try decoder.received(binary: [UInt8](repeating: 0, count: 60), limit: 100)
            _ = try decoder.received(binary: [UInt8](repeating: 0, count: 60), limit: 100)
        }
    }

    @Test func `leaves packets without bytes alone, whatever they look like`() throws {
        let packet = try read(#"2["a",{"_placeholder":true,"num":7}]"#)
        #expect(packet == .event(namespace: "/", name: "a", [["_placeholder": true, "num": 7]], id: nil))
    }

    // MARK: - Arguments

    @Test func `keeps arguments as they were written`() throws {
        guard case .event(_, _, var arguments, _) = try read(#"2["a", {"b" : 1.50},"é\n" , []]"#) else {
            Issue.record("an event was expected")
            return
        }
        #expect(arguments.count == 3)
        #expect(String(decoding: arguments.text, as: UTF8.self) == #"{"b" : 1.50},"é\n" , []"#)
        #expect(String(decoding: arguments.raw(0), as: UTF8.self) == #"{"b" : 1.50}"#)
        #expect(arguments[0]?["b"] == 1.5)
        #expect(arguments[1] == "é\n")
        #expect(arguments[2] == [])
        #expect(arguments[3] == nil)
        arguments.append(true)
        arguments.append(binary: [1])
        #expect(arguments.count == 5)
        #expect(arguments[3] == true)
        #expect(arguments.binary(4) == [1])
        #expect(
            String(decoding: arguments.text, as: UTF8.self)
                == #"{"b" : 1.50},"é\n" , [],true,{"_placeholder":true,"num":0}"#)
    }

    @Test func `builds arguments from values, texts and bytes`() {
        var arguments = SocketArguments(1, "a")
        arguments.append(raw: Array(#"{"x":[]}"#.utf8))
        #expect(arguments == [1, "a", ["x": []]])
        #expect(arguments.description == #"[1,"a",{"x":[]}]"#)
        #expect(SocketArguments(raw: Array("null".utf8)) == [nil])
        #expect(SocketArguments.none.isEmpty)
        #expect(SocketArguments.none.text.isEmpty)
    }

    @Test(arguments: [0, 100, 125, 126, 200, 65_520, 65_535, 65_536, 70_000])
    func `frames messages of every size`(size: Int) {
        let message = EngineMessage(.message, [UInt8](repeating: 0x61, count: size))
        var expected: [UInt8] = []
        WebSocketEncoder.append(.text, [0x34] + [UInt8](repeating: 0x61, count: size), to: &expected)
        #expect(message.frames == expected)
        #expect(message.text.count == size + 1)
        var payload: [UInt8] = []
        message.appendPayload(to: &payload)
        #expect(payload.count == size + 1)
    }

    @Test func `writes and reads ids`() {
        let random = makeRandom(seed: 3)
        for _ in 0..<100 {
            let id = SocketID(random: random(), random())
            #expect(id.description.utf8.count == 20)
            #expect(SocketID(id.description) == id)
        }
        #expect(SocketID("") == nil)
        #expect(SocketID("AAAAAAAAAAAAAAAAAAA") == nil)
        #expect(SocketID("AAAAAAAAAAAAAAAAAAA!") == nil)
        #expect(SocketID("AAAAAAAAAAAAAAAAAAAAA") == nil)
    }
}
