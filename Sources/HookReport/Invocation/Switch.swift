/// How a variable that switches something is read (daemon-ipc §1.1).
public enum Switch {
    public static func isOn(_ value: String) -> Bool { ["1", "true", "TRUE", "yes", "YES"].contains(value) }
}
