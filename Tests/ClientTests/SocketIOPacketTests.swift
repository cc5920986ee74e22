import Bytes
import Testing

@testable import Client

@Suite struct SocketIOPacketTests {
    @Test(arguments: [
        (#"0{"sid":"x","pingInterval":25000}"#, SocketIOPacket.open(["sid": "x", "pingInterval": 25000])),
        ("2", .ping("")), ("3probe", .pong("probe")), ("1", .close),
        ("40", .connect(nil)), (#"40{"token":"t"}"#, .connect(["token": "t"])), ("41", .disconnect),
        (#"42["a",{"b":1}]"#, .event(name: "a", arguments: [["b": 1]], ackID: nil)),
        (#"420["server_ping"]"#, .event(name: "server_ping", arguments: [], ackID: 0)),
        ("4312[]", .ack(id: 12, arguments: [])), (#"430[{"ok":true}]"#, .ack(id: 0, arguments: [["ok": true]])),
        (#"44{"message":"no"}"#, .connectError(["message": "no"])),
    ])
    func `reads and writes packets`(text: String, packet: SocketIOPacket) {
        #expect(SocketIOPacket(text: Array(text.utf8)) == packet)
        #expect(String(decoding: packet.encoded(), as: UTF8.self) == text)
    }

    @Test(arguments: ["", "9", "4", "42{}", "42[1]", "43[]", "42/admin,[\"a\"]", "451-[\"b\",{\"_placeholder\":true}]"])
    func `passes over what it has no use for`(text: String) {
        #expect(SocketIOPacket(text: Array(text.utf8)) == nil)
    }
}
