import Bytes
import Promise
import SocketIO

/// Whatever body arrives, packets or an `EnginePacketError`, and the packets written down again are the same body.
@main enum Fuzz {
    static func main() {
        Fuzzer.run(check)
    }

    static func check(_ input: inout Input) {
        let payload = input.material()
        var written: [UInt8] = []
        var packets = 0
        do throws(EnginePacketError) {
            try EnginePayload.forEachPacket(in: payload) { packet in
                if packets > 0 { written.append(EnginePayload.separator) }
                packets += 1
                switch packet {
                case .text(let type, let data):
                    written.append(type.rawValue)
                    written += data
                case .binary(let bytes):
                    written.append(UInt8(ascii: "b"))
                    written += Base64.encode(bytes)
                }
                return true
            }
            promise(written == payload, "the packets are not those of the body")
        } catch {
            promise(payload.starts(with: written), "what stood before the fault was read wrongly")
        }
    }
}
