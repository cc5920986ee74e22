import Fleet
import Reactor
import Wire

// `mcp_bridge` (runtime-rpc §9): the four tools for operators.
extension RuntimeService {
    func bridge(_ line: String, then answer: @escaping Answer) {
        let bridge = RuntimeBridge()
        switch bridge.step(line, version: settings.version) {
        case .answer(let bytes): answer(.mcpBridge(line: String(decoding: bytes, as: UTF8.self)))
        case .silence: answer(.mcpBridge(line: nil))
        case .ask(let request, let call):
            self.answer(request) { response in
                answer(.mcpBridge(line: String(decoding: bridge.finish(call, with: response), as: UTF8.self)))
            }
        }
    }
}
