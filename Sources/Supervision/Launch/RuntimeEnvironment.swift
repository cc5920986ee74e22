import Fleet
import Wire

/// The environment of a runtime: what the request says and four names of our own, nothing else (runtime-rpc §3.6).
enum RuntimeEnvironment {
    /// What is ours to say.
    static let names = ["HELIOY_SESSION_ID", "HELIOY_RUNTIME", "RTM_SESSION_ID", "RTM_RUNTIME_KIND"]

    static func variables(
        _ requested: [EnvironmentVariable], session: SessionID, runtime: String
    ) -> [EnvironmentVariable] {
        var result = requested
        for (key, value) in zip(names, [session.rawValue, runtime, session.rawValue, runtime]) {
            if let index = result.firstIndex(where: { $0.key == key }) {
                result[index].value = value
                // A later one of the same name would win over the one replaced.
                var seen = 0
                result.removeAll { variable in
                    guard variable.key == key else { return false }
                    seen += 1
                    return seen > 1
                }
            } else {
                result.append(EnvironmentVariable(key: key, value: value))
            }
        }
        return result
    }
}
