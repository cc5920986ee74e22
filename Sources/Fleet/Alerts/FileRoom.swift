/// Which room of a house a file lies in (control-plane §7.6).
public enum FileRoom {
    /// At most the first two directories of a path that is relative to the workspace, `.` for a file at its top; the
    /// session's own room where the file lies in that.
    public static func of(_ path: String, sessionRoom: String? = nil) -> String {
        let directories = path.split(separator: "/").filter { $0 != "." }.dropLast()
        if let sessionRoom {
            let room = sessionRoom.split(separator: "/").filter { $0 != "." }
            if !room.isEmpty, directories.starts(with: room) { return room.joined(separator: "/") }
        }
        return directories.isEmpty ? "." : directories.prefix(2).joined(separator: "/")
    }
}
