import Bytes

/// The arguments of a call over a bridge, in camel case as scripts write them or in snake case as natives do (§6.1).
struct BridgeArguments: Sendable {
    private let command: BridgeCommand
    private let json: JSON
    private let defaultBaseURL: String?

    init(_ command: BridgeCommand, _ json: JSON, defaultBaseURL: String?) {
        self.command = command
        self.json = json
        self.defaultBaseURL = defaultBaseURL
    }

    func mismatch(_ name: String) -> RuntimeClientError {
        RuntimeClientError(.bridgeFailed, "\(command.rawValue) needs the argument \(name)")
    }

    func baseURL() throws(RuntimeClientError) -> String {
        if let value = value("baseUrl") {
            guard let text = value.string else { throw mismatch("baseUrl") }
            return text
        }
        guard let defaultBaseURL else { throw mismatch("baseUrl") }
        return defaultBaseURL
    }

    func string(_ name: String) throws(RuntimeClientError) -> String {
        guard let text = value(name)?.string else { throw mismatch(name) }
        return text
    }

    func chatRequest() throws(RuntimeClientError) -> ChatRequest {
        guard let request = value("request"), let message = request["message"]?.string else {
            throw mismatch("request")
        }
        return ChatRequest(message: message, sessionID: try text("session_id", of: request))
    }

    /// `nil` when there is none.
    func change() throws(RuntimeClientError) -> ConfigChange? {
        guard let request = value("request") else { return nil }
        guard request.object != nil else { throw mismatch("request") }
        return ConfigChange(
            raw: try text("raw", of: request), config: request["config"].flatMap { $0.isNull ? nil : $0 },
            expectedRawSHA256: try text("expected_raw_sha256", of: request))
    }

    /// Null and absent are one.
    private func text(_ key: String, of request: JSON) throws(RuntimeClientError) -> String? {
        guard let value = request[key], !value.isNull else { return nil }
        guard let text = value.string else { throw mismatch("request.\(key)") }
        return text
    }

    private func value(_ name: String) -> JSON? {
        var snake = ""
        for letter in name { snake += letter.isUppercase ? "_" + letter.lowercased() : String(letter) }
        guard let value = json[name] ?? json[snake], !value.isNull else { return nil }
        return value
    }
}
