import Bytes

/// Promises of the codec that a fuzzer holds it to. Each gives what breaks it, or `nil`.
@_spi(Fuzzing) public enum RuntimeRPCFuzzing {
    /// Whatever arrives is a request or the refusal the contract has for it, and a request written reads the same.
    public static func requestDifference(_ line: [UInt8]) -> String? {
        let request: RPCRequest
        do { request = try RPCRequest(line: line) } catch {
            return error.code == .protocolMismatch || error.code == .invalidTarget ? nil : "refused with \(error.code)"
        }
        let written = request.encoded()
        if let fault = fault(written) { return fault }
        guard let again = try? RPCRequest(line: written) else { return "written and unreadable: \(request)" }
        return again == request ? nil : "written again: \(again), before: \(request)"
    }

    /// Whatever arrives is an answer or a mismatch, and an answer written reads the same.
    public static func responseDifference(_ line: [UInt8]) -> String? {
        let response: RPCResponse
        do { response = try RPCResponse(line: line) } catch {
            return error.code == .protocolMismatch ? nil : "refused with \(error.code)"
        }
        let written = response.encoded()
        if let fault = fault(written) { return fault }
        guard let again = try? RPCResponse(line: written) else { return "written and unreadable: \(response)" }
        return again == response ? nil : "written again: \(again), before: \(response)"
    }

    /// Whatever an MCP client sends, the bridge answers with one JSON object, asks, or is silent.
    public static func bridgeDifference(_ line: [UInt8]) -> String? {
        let text = String(decoding: line, as: UTF8.self)
        let bridge = RuntimeBridge()
        switch bridge.step(text, version: VersionInfo(version: "0", gitSHA: "unknown")) {
        case .silence: return nil
        case .answer(let answer): return fault(answer)
        case .ask(_, let call): return fault(bridge.finish(call, with: .ack))
        }
    }

    private static func fault(_ line: [UInt8]) -> String? {
        if line.contains(UInt8(ascii: "\n")) { return "a line feed in the line" }
        guard case .object? = try? JSON(parsing: line) else {
            return "no JSON: \(String(decoding: line, as: UTF8.self))"
        }
        return nil
    }
}
