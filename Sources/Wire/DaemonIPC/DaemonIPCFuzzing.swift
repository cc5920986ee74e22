import Bytes
import Fleet

/// Promises of the codec that a fuzzer holds it to. Each gives what breaks it, or `nil`.
@_spi(Fuzzing) public enum DaemonIPCFuzzing {
    /// Whatever arrives is a request or the refusal the contract has for it, and a request written reads the same.
    public static func requestDifference(_ line: [UInt8]) -> String? {
        let request: IPCRequest
        do { request = try IPCRequest(line: line) } catch {
            guard refusals.contains(error.code) else { return "refused with \(error.code)" }
            return fault(IPCResponse.failure(error)) ?? answerDifference(IPCResponse.failure(error))
        }
        let written = request.encoded()
        if let fault = fault(written) { return fault }
        guard let again = try? IPCRequest(line: written) else { return "written and unreadable: \(request)" }
        if again != request { return "written again: \(again), before: \(request)" }
        guard case .event(var event) = request.method else { return nil }
        event.recordedAt.milliseconds -= (event.recordedAt.milliseconds % 1000 + 1000) % 1000
        guard let stored = try? JSON(parsing: event.json.encoded()), let kept = try? HookEvent(json: stored) else {
            return "stored and unreadable: \(event)"
        }
        return kept == event ? nil : "stored: \(event), read: \(kept)"
    }

    /// Whatever arrives is an answer or not understood, and what is understood is written so that it is read the same.
    public static func answerDifference(_ line: [UInt8]) -> String? {
        guard let answer = try? IPCAnswer(line: line) else { return nil }
        switch answer {
        case .failure(let error):
            let again = try? IPCAnswer(line: IPCResponse.failure(error))
            return again == answer ? nil : "written again: \(again as IPCAnswer?), before: \(answer)"
        case .success(let id, let data):
            if let fault = fault(IPCResponse.success(id: id) { JSONWriter.append(data, to: &$0) }) { return fault }
            for difference in shapes {
                if let difference = difference(data) { return difference }
            }
            return nil
        }
    }

    private static let refusals: Set<IPCErrorCode> = [
        .emptyRequest, .invalidJSON, .protocolMismatch, .unknownMethod, .invalidParams, .invalidEventID,
        .invalidTimestamp, .invalidPID, .missingField, .invalidProjectPath,
    ]

    private static let shapes: [@Sendable (JSON) -> String?] = [
        shape(HealthReport.self), shape(ShellStateReport.self), shape(ProcessLivenessReport.self),
        shape(RoutingSnapshot.self), shape(RoutingDiagnostics.self), shape(ConfigReport.self),
        shape([SessionEntry].self), shape([ProjectStateEntry].self), shape([ActivityEntry].self),
        shape([TombstoneEntry].self), shape(EventAccepted.self),
    ]

    private static func shape<Value: IPCValue>(_ type: Value.Type) -> @Sendable (JSON) -> String? {
        { json in
            guard let value = try? Value(json: json) else { return nil }
            let written = value.encoded()
            guard let text = try? JSON(parsing: written, duplicateKeys: .reject), let again = try? Value(json: text)
            else { return "written and unreadable: \(value)" }
            return again.encoded() == written ? nil : "written again: \(again), before: \(value)"
        }
    }

    private static func fault(_ line: [UInt8]) -> String? {
        guard line.firstIndex(of: UInt8(ascii: "\n")) == line.count - 1 else { return "not one line" }
        guard case .object? = try? JSON(parsing: line) else {
            return "no JSON: \(String(decoding: line, as: UTF8.self))"
        }
        return nil
    }
}
