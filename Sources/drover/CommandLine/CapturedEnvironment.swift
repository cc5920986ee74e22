import Wire

/// The environment of whoever types, as a runtime is started with it (runtime-rpc §3.6).
enum CapturedEnvironment {
    /// What belongs to the caller's own terminal and session, and not to a program launched from there.
    private static let dropped: Set<String> = [
        "CLAUDECODE", "TMUX", "TMUX_PANE", "RTM_SOCKET_PATH", "RTM_DB_PATH", "HELIOY_SESSION_ID", "HELIOY_RUNTIME",
        "RTM_SESSION_ID", "RTM_RUNTIME_KIND",
    ]
    private static let droppedPrefixes = ["CLAUDE_CODE_", "CLAUDE_PLUGIN_"]

    /// Everything else passes, in its order. Bytes that are no UTF-8 become U+FFFD.
    static func variables(of entries: [[UInt8]]) -> [EnvironmentVariable] {
        entries.compactMap { entry in
            // An equals sign at the very beginning belongs to the name.
            guard let equals = entry.dropFirst().firstIndex(of: UInt8(ascii: "=")) else { return nil }
            let name = String(decoding: entry[..<equals], as: UTF8.self)
            guard passes(name) else { return nil }
            return EnvironmentVariable(key: name, value: String(decoding: entry[(equals + 1)...], as: UTF8.self))
        }
    }

    private static func passes(_ name: String) -> Bool {
        !dropped.contains(name) && !droppedPrefixes.contains { name.hasPrefix($0) }
    }
}

extension [EnvironmentVariable] {
    /// Sets a variable in its place, or appends it.
    mutating func set(_ key: String, _ value: String) {
        if let index = lastIndex(where: { $0.key == key }) {
            self[index].value = value
        } else {
            append(EnvironmentVariable(key: key, value: value))
        }
    }
}

extension CapturedEnvironment {
    /// One variable, whether or not it would pass.
    static func value(of name: String, in entries: [[UInt8]]) -> String? {
        let prefix = Array((name + "=").utf8)
        return entries.last { $0.starts(with: prefix) }
            .map { String(decoding: $0[prefix.count...], as: UTF8.self) }
    }
}
