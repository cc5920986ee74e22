import Bytes
import Client
import Store
import Supervision

/// What the daemon itself reads of the configuration file. Sections of others are passed over, also when they make no sense.
struct Configuration {
    /// `"launchers": {"NAME": {"command": "…", "args": ["…"]}}` or `{"NAME": "…"}` (runtime-rpc §3.5).
    var launchers: [LauncherTable.Launcher] = []
    var notifications: NotificationSettings?
    /// What could not be read, as sentences.
    var problems: [String] = []

    init(path: String) {
        guard let bytes = try? File.read(path, limit: 4 << 20) else { return }
        let json: JSON
        do {
            json = try JSON(parsing: bytes)
        } catch {
            problems.append("\(path) is not JSON (\(error)); what it says is not used")
            return
        }
        do throws(NotificationProblem) {
            notifications = try NotificationSettings(json["notifications"])
        } catch {
            problems.append("\(path): \(error.sentence); nobody is notified")
        }
        for member in json["launchers"]?.object?.members ?? [] {
            if let launcher = Self.launcher(member) {
                launchers.append(launcher)
            } else {
                problems.append(
                    "the launcher \(member.key) in \(path) needs a \"command\", and \"args\" are a list of texts")
            }
        }
    }

    private static func launcher(_ member: JSONObject.Member) -> LauncherTable.Launcher? {
        guard !member.key.isEmpty else { return nil }
        if let command = member.value.string, !command.isEmpty {
            return LauncherTable.Launcher(runtime: member.key, command: command)
        }
        guard let command = member.value["command"]?.string, !command.isEmpty else { return nil }
        var arguments: [String] = []
        if let list = member.value["args"] {
            guard let texts = list.array else { return nil }
            arguments = texts.compactMap(\.string)
            guard arguments.count == texts.count else { return nil }
        }
        return LauncherTable.Launcher(runtime: member.key, command: command, arguments: arguments)
    }
}
