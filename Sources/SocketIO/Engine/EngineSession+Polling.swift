import Bytes

extension EngineSession {
    /// A GET. A second one while another waits ends the session: the first learns so by a close packet, the second
    /// by its status.
    func poll(_ respond: @escaping (EngineResponse) -> Void) -> EnginePoll? {
        guard let polling else {
            respond(EngineRefusal.badRequest.response)
            return nil
        }
        guard !polling.isWaiting else {
            end(.transportError)
            respond(EngineResponse(status: 400))
            return nil
        }
        polling.wait(respond)
        if state == .closing {
            // What was buffered has gone out with the answer; otherwise the close packet has it to itself.
            if polling.isWaiting { end(.forcedClose) }
            return nil
        }
        if polling.isWaiting, upgrade?.hasProbed == true { polling.release(with: .noop) }
        return polling.isWaiting ? EnginePoll(session: self, poll: polling.poll) : nil
    }

    func pollLost(_ poll: UInt32) {
        guard let polling, polling.poll == poll, polling.isWaiting else { return }
        polling.forgetRequest()
        end(.transportError)
    }

    /// The head of a POST. A second one while another is on its way ends the session.
    func beginPost(_ request: EngineRequest, _ respond: @escaping (EngineResponse) -> Void) -> EnginePost? {
        guard let polling, !polling.isPosting, request.header("content-type") != "application/octet-stream" else {
            end(.transportError)
            respond(EngineResponse(status: 400))
            return nil
        }
        polling.isPosting = true
        return EnginePost(session: self, respond: respond)
    }

    func posted(_ body: [UInt8], _ respond: (EngineResponse) -> Void) {
        // Upgraded meanwhile, a session still takes what was under way.
        polling?.isPosting = false
        guard state != .closed else { return respond(EngineResponse(status: 400)) }
        guard body.count <= server.options.maxPayload else { return respond(EngineResponse(status: 413)) }
        do throws(EnginePacketError) {
            try EnginePayload.forEachPacket(in: body) { packet in
                guard state == .open else { return false }
                switch packet {
                case .text(let type, let data): received(type, data)
                case .binary(let bytes): server.application?.received(binary: bytes, on: self)
                }
                return true
            }
        } catch {
            end(.parseError)
            return respond(EngineResponse(status: 400))
        }
        respond(EngineResponse(status: 200, headers: [("Content-Type", "text/html")], body: Array("ok".utf8)))
    }

    func postLost() {
        guard let polling, polling.isPosting else { return }
        polling.isPosting = false
        end(.transportError)
    }
}
