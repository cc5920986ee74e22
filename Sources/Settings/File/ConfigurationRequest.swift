import Bytes

/// A configuration to put in place of the running one.
public enum ConfigurationChange: Equatable, Sendable {
    /// The text of a whole file. Keys that it does not mention are gone.
    case raw(String)
    /// The known keys. Keys that nobody here knows stay as they are in the file, unless it mentions them.
    case config(JSON)
}

/// The body of `apply` and `restart` (chat-runtime §1.8): `{raw?, config?, expected_raw_sha256?}`, where null is absent.
public struct ConfigurationRequest: Equatable, Sendable {
    /// `nil` when neither is there, which `restart` allows and `apply` does not.
    public var change: ConfigurationChange?
    /// SHA-256 of `raw` as the caller has seen it last; 64 hexadecimal digits.
    public var expectedRawSHA256: String?

    public init(change: ConfigurationChange?, expectedRawSHA256: String? = nil) {
        self.change = change
        self.expectedRawSHA256 = expectedRawSHA256
    }

    public init(json: JSON) throws(ConfigurationFailure) {
        guard let object = json.object else { throw .invalidRequest("the body must be a JSON object") }
        func member(_ key: String) -> JSON? {
            guard let value = object[key], !value.isNull else { return .none }
            return value
        }
        switch (member("raw"), member("config")) {
        case (nil, nil): change = nil
        case (let raw?, nil):
            guard let text = raw.string else { throw .invalidRequest("raw must be text") }
            change = .raw(text)
        case (nil, let config?):
            guard config.object != nil else { throw .invalidRequest("config must be an object") }
            change = .config(config)
        case (_?, _?): throw .invalidRequest("there must be raw or config, and not both")
        }
        if let expected = member("expected_raw_sha256") {
            let text = expected.string?.lowercased() ?? ""
            guard text.utf8.count == 64, text.utf8.allSatisfy({ $0.hexDigitValue != nil }) else {
                throw .invalidRequest("expected_raw_sha256 must be 64 hexadecimal digits")
            }
            expectedRawSHA256 = text
        }
    }

    /// What is to be applied, where something must be.
    public func requiredChange() throws(ConfigurationFailure) -> ConfigurationChange {
        guard let change else { throw .invalidRequest("there must be raw or config") }
        return change
    }
}
